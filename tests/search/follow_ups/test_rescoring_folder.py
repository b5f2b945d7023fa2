"""Responses of a folder's benchmark are scored again by a process that never saw the folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from stored_studies import OWNER

from storage import (
    BASELINE,
    ArtifactStore,
    AuditStore,
    CellOutcome,
    HostPlan,
    RunOutcome,
    RunPlan,
    StudyPlan,
)
from workers.evaluation.harness import ScoredItem
from workers.evaluation.responses import encode_responses
from workers.suites.tasks import ItemOutcome

RESPONSES = {"s-0": ("so 2", True), "s-1": ("#### 4", True), "s-2": ("#### 5", False)}


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    (folder / "items").mkdir(parents=True)
    items = [
        {"id": f"s-{n}", "prompt": f"{n + 1} twice?", "target": str(2 * n + 2)} for n in (0, 1, 2)
    ]
    content = "".join(json.dumps(item) + "\n" for item in items)
    (folder / "items" / "rescored_sums.jsonl").write_text(content)
    (folder / "suite.yaml").write_text("benchmarks: {rescored_sums: numbers}\nmax_new_tokens: 9\n")
    return folder


def record(url: str, suite: Path, artifacts: Path) -> None:
    """A study of one baseline run on the folder's benchmark."""
    plan = StudyPlan(
        name="own",
        spec={"name": "own", "benchmarks": str(suite)},
        spec_hash="s" * 64,
        design={"sampler": "grid"},
        recipe_hash="r" * 64,
        artifact_url=str(artifacts),
        hosts=[HostPlan("backbone", "lora-r8", {"type": "lora"}, 6, "f")],
        runs=[RunPlan(0, BASELINE, 42, 0)],
    )
    outcomes = [ItemOutcome(key, text, "", ok) for key, (text, ok) in RESPONSES.items()]
    content = encode_responses([ScoredItem(outcome, "") for outcome in outcomes])
    stored = ArtifactStore(str(artifacts)).put_bytes(content, suffix="parquet").name
    verdicts = [outcome.is_correct for outcome in outcomes]
    with AuditStore.open(url, create=True) as store:
        store.studies.create(plan)
        store.leases.acquire("own", owner=OWNER, ttl_s=60)
        (run,) = store.runs.iterate("own")
        attempt = store.dispatch.start(run.id, owner=OWNER, worker="w")
        cell = CellOutcome("rescored_sums", verdicts, stored, 1.0)
        outcome = RunOutcome([cell], (1.0,), None, 1.0, {})
        store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=outcome)


def test_strict_by_another_process(tmp_path: Path, suite: Path) -> None:
    url = f"sqlite:///{tmp_path / 'talan.db'}"
    record(url, suite, tmp_path / "artifacts")
    command = [sys.executable, "-m", "api", "rescore", "own", "--scorer", "strict", "--json"]
    done = subprocess.run([*command, "--storage", url], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = json.loads(done.stdout)["benchmarks"]
    assert row["benchmark"] == "rescored_sums"
    assert (row["n_correct_recorded"], row["n_correct"], row["items_changed"]) == (2, 1, 1)
