"""A record with known contents for the tests of the REST API, and the application over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from same_words import OWNER
from stored_answers import store_answers

from api.rest import Settings, create_app
from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    CellOutcome,
    HostPlan,
    Run,
    RunFilter,
    RunOutcome,
    RunPlan,
    StudyPlan,
)
from talan.vocabulary import BLOCK_DRAW, MIXERS
from workers.evaluation.asked_items import AskedItem

N_ITEMS = 20
PROMPTS = [AskedItem(f"item-{n}", f"What is {n}?", f"It is {n}.") for n in range(N_ITEMS)]


def client(url: str, folder: Path, **settings: Any) -> TestClient:
    """A client of the application, without a server."""
    configured = Settings(artifact_url=str(folder / "artifacts"), **settings)
    return TestClient(create_app(url, configured), raise_server_exceptions=False)


def configuration(number: int) -> dict[str, Any]:
    """Mixers alternate; layers grow by four; every third is frozen."""
    frozen = number % 3 == 2
    return {
        "layer": number // 4,
        "slots": 2,
        "mixer": MIXERS[number % 4],
        "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
        "trainability": {
            "scope": "frozen" if frozen else "all",
            "train_until": None,
            "warmup_identity": 0,
        },
        "gradient_scale": None if frozen else 500.0,
    }


def treatment(number: int, *, position: int, host: int = 0) -> RunPlan:
    """The run of a configuration."""
    return RunPlan(host, TREATMENT, 42, position, configuration(number), f"{number:064x}")


def plan(name: str, *, artifacts: str, configurations: int = 6, hosts: int = 1) -> StudyPlan:
    """Each host's treatments, then its baseline."""
    runs: list[RunPlan] = []
    for host in range(hosts):
        runs += [
            treatment(number, position=len(runs) + number, host=host)
            for number in range(configurations)
        ]
        runs.append(RunPlan(host, BASELINE, 42, len(runs)))
    return StudyPlan(
        name=name,
        spec={"name": name, "seeds": [42], "resources": {"workers": 4}, "draw": BLOCK_DRAW},
        spec_hash="5" * 64,
        design={"sampler": "grid", "max_runs": None, "seed": 0},
        recipe_hash="r" * 64,
        artifact_url=artifacts,
        hosts=[
            HostPlan(f"backbone-{host}", "lora-r8", {"type": "lora", "r": 8}, 6, f"print-{host}")
            for host in range(hosts)
        ],
        runs=runs,
    )


def finish(store: AuditStore, run: Run, *corrects: int, artifacts: str) -> None:
    """Take a run to its end with so many right answers on the benchmarks a, b, ..."""
    attempt = store.dispatch.start(run.id, owner=OWNER, worker="worker-0")
    cells = []
    for name, number in zip("abcdef", corrects, strict=False):
        outcomes = [item < number for item in range(N_ITEMS)]
        word = f"{run.kind} {run.position} {name}"
        asked = PROMPTS if name == "a" else ()
        answers = store_answers(artifacts, outcomes, word=word, asked=asked)
        cells.append(CellOutcome(name, outcomes, answers, 1.5))
    outcome = RunOutcome(
        cells=cells,
        losses=(2.25, 1.1),
        checkpoint_artifact="checkpoint",
        compute_s=12.5,
        provenance={"torch": "2.13.0"},
    )
    store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=outcome)


def seed(
    url: str, folder: Path, *, name: str = "grid", configurations: int = 6, hosts: int = 1
) -> None:
    """A study that was stopped: per host three scored runs of which two are G1, one failed."""
    artifacts = str(folder / "artifacts")
    with AuditStore.open(url) as store:
        store.studies.create(
            plan(name, artifacts=artifacts, configurations=configurations, hosts=hosts)
        )
        store.leases.acquire(name, owner=OWNER, ttl_s=60)
        store.studies.set_state(name, "running", owner=OWNER)
        for host in range(hosts):
            wanted = RunFilter(backbone=f"backbone-{host}")
            runs = list(store.runs.iterate(name, wanted))
            finish(store, runs[-1], 10, 10, artifacts=artifacts)
            finish(store, runs[0], 12, 10, artifacts=artifacts)
            finish(store, runs[1], 9, 14, artifacts=artifacts)
            finish(store, runs[2], 10, 10, artifacts=artifacts)
            attempt = store.dispatch.start(runs[3].id, owner=OWNER, worker="worker-1")
            store.dispatch.fail(
                runs[3].id, owner=OWNER, attempt=attempt, error="out of memory", retry=False
            )
        store.leases.release(name, owner=OWNER, state="stopped")
