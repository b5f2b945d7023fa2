"""Studies whose cells have stored responses, on the tiny suite's first four items.

A cell is written as four letters, an item each: ``f`` as the task asks for it, right under
``canonical`` and ``strict``; ``l`` loosely, right under ``canonical`` alone; ``a`` right behind the
marker but with more after it, right under ``strict`` alone (arithmetic only); ``w`` wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from same_words import OWNER
from small_spaces import GATE

from storage import (
    BASELINE,
    TREATMENT,
    ArtifactStore,
    AuditStore,
    CellOutcome,
    HostPlan,
    RunOutcome,
    RunPlan,
    StudyPlan,
)
from workers.suites import get_suite

BENCHMARKS = ("tiny_choice", "tiny_arithmetic", "tiny_algebra", "tiny_code")
NAME = "stored"
Cells = tuple[str, ...]

# Hosts, each with its baseline and its treatments; a run is four cells in the order above.
STUDY: tuple[tuple[Cells, ...], ...] = (
    (
        ("fffw", "ffaw", "ffww", "fwww"),
        ("fffw", "flfw", "ffww", "fwww"),
        ("fffl", "faaw", "fflw", "ffww"),
    ),
    (
        ("ffff", "ffff", "ffff", "ffff"),
        ("ffff", "ffff", "ffff", "ffff"),
        ("wfff", "ffff", "ffff", "ffff"),
    ),
)


def items_of(benchmark: str) -> list[dict[str, Any]]:
    lines = get_suite("tiny").items_file(benchmark).read_text().splitlines()[:4]
    return [json.loads(line) for line in lines]


def response(benchmark: str, item: Mapping[str, Any], letter: str) -> str:
    target = item["target"]
    if benchmark == "tiny_choice":
        return {"f": f"so {target}", "l": f"{target} it is", "w": "(Z)"}[letter]
    if benchmark == "tiny_arithmetic":
        ways = {"f": f"#### {target}", "l": target, "a": f"#### {target}\nor 99999", "w": "#### -1"}
        return ways[letter]
    if benchmark == "tiny_algebra":
        return {"f": f"so {target}", "l": f"{target} it is", "w": "\\boxed{77777}"}[letter]
    return {"f": target, "w": "def nothing():\n    pass"}[letter]


def responses_file(benchmark: str, letters: str) -> bytes:
    items = items_of(benchmark)
    rows = [
        {
            "item_id": item["id"],
            "prompt_sha256": "",
            "response": response(benchmark, item, letter),
            "extracted": "",
            "correct": letter in "fl",
        }
        for item, letter in zip(items, letters, strict=True)
    ]
    file = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def outcome(artifacts: ArtifactStore, cells: Cells) -> RunOutcome:
    """A run's outcome, its responses stored."""
    return RunOutcome(
        cells=[
            CellOutcome(
                benchmark=benchmark,
                outcomes=[letter in "fl" for letter in letters],
                responses_artifact=artifacts.put_bytes(
                    responses_file(benchmark, letters), suffix="parquet"
                ).name,
                seconds=1.0,
            )
            for benchmark, letters in zip(BENCHMARKS, cells, strict=True)
        ],
        losses=(1.0,),
        checkpoint_artifact=None,
        compute_s=1.0,
        provenance={},
    )


def one_cell(content: bytes, *, outcomes: str) -> Callable[[ArtifactStore, Cells], RunOutcome]:
    """Every run with one choice cell: those bytes as its responses, and those verdicts (y, n)."""

    def make(artifacts: ArtifactStore, _: Cells) -> RunOutcome:
        name = artifacts.put_bytes(content, suffix="parquet").name
        cell = CellOutcome("tiny_choice", [mark == "y" for mark in outcomes], name, 1.0)
        return RunOutcome([cell], (1.0,), None, 1.0, {})

    return make


def seed_study(
    store: AuditStore,
    folder: Path,
    make: Callable[[ArtifactStore, Cells], RunOutcome] = outcome,
) -> None:
    """Record the study, completed, with its responses in ``folder``."""
    runs = [
        _run_plan(host, place, number, len(STUDY[0]))
        for host, host_runs in enumerate(STUDY)
        for place, number in enumerate(range(len(host_runs)))
    ]
    hosts = [HostPlan(f"backbone-{i}", "lora-r8", {"type": "lora"}, 6, f"{i}") for i in (0, 1)]
    plan = StudyPlan(
        name=NAME,
        spec={"name": NAME},
        spec_hash="s" * 64,
        design={"sampler": "grid"},
        recipe_hash="r" * 64,
        artifact_url=str(folder),
        hosts=hosts,
        runs=runs,
    )
    store.studies.create(plan)
    store.leases.acquire(NAME, owner=OWNER, ttl_s=60)
    recorded = list(store.runs.iterate(NAME))
    letters = [cells for host in STUDY for cells in host]
    for run, cells in zip(recorded, letters, strict=True):
        attempt = store.dispatch.start(run.id, owner=OWNER, worker="w")
        left = make(ArtifactStore(str(folder)), cells)
        store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=left)


def _run_plan(host: int, place: int, number: int, runs_per_host: int) -> RunPlan:
    position = host * runs_per_host + place
    if place == 0:
        return RunPlan(host, BASELINE, 42, position)
    axes = {
        "layer": number,
        "slots": 2,
        "mixer": "cross_attn",
        "writeback": GATE,
        "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
        "gradient_scale": 1.0,
    }
    return RunPlan(host, TREATMENT, 42, position, axes, f"{number:064d}")
