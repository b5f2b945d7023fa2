"""A study of two methods with their nulls, as a driver leaves it on record."""

from __future__ import annotations

from typing import Any

from same_words import OWNER

from storage import (
    BASELINE,
    METHOD,
    METHOD_NULL,
    AuditStore,
    CellOutcome,
    HostPlan,
    RunFilter,
    RunOutcome,
    RunPlan,
    StudyPlan,
)
from storage.generation import Generation
from storage.response_digests import pack_digests

N_ITEMS = 20
METHODS: dict[str, dict[str, Any]] = {
    "dora": {"method": "dora", "learning_rate": None},
    "ia3": {"method": "ia3", "learning_rate": None},
}
_COST = {"training_s": 9.0, "preparation_s": 1.5, "parameters": 1234, "steps": 40, "examples": 640}
NOTES: dict[str, dict[str, Any]] = {
    "dora": {
        "source": "arXiv 2402.09353",
        "null": "the adapter at another seed",
        "unmatched": ["More parameters."],
        "learning_rate": 0.005,
        "rate_by": "the recipe's",
        "choices": [],
        "cost": _COST,
    },
    "ia3": {
        "source": "arXiv 2205.05638",
        "null": "frozen at its start",
        "unmatched": [],
        "learning_rate": 0.1,
        "rate_by": "chosen on held-out training loss",
        "choices": [
            {
                "by": "least loss",
                "tries": [{"value": value, "loss": 1.0} for value in (0.01, 0.1, 1.0)],
                "value": 0.1,
            }
        ],
        "cost": _COST,
    },
}
RIGHT = {  # by method, kind and baseline's seed: right answers on a and b; a baseline has 10, 10
    ("dora", METHOD, 1): (12, 11),
    ("dora", METHOD, 2): (11, 10),
    ("dora", METHOD_NULL, 1): (9, 9),
    ("dora", METHOD_NULL, 2): (9, 9),
    ("ia3", METHOD, 1): (9, 10),
    ("ia3", METHOD_NULL, 1): (8, 8),
}


def record_methods(store: AuditStore, name: str = "rivals", *, spec: Any = None) -> None:
    """Record it; the second seed of ia3 is still to come."""
    store.studies.create(_plan(name, spec or {"name": name}))
    store.leases.acquire(name, owner=OWNER, ttl_s=60)
    for run in store.runs.iterate(name, RunFilter()):
        method = run.method and run.method["method"]
        right = RIGHT.get((method or "", run.kind, run.baseline_seed))
        if run.kind == BASELINE:
            right = (10, 10)
        if right is None:
            continue
        attempt = store.dispatch.start(run.id, owner=OWNER, worker="worker-0")
        notes = {"method": NOTES[method]} if method else {}
        found = _outcome(right, word=f"{method}{run.kind}", notes=notes)
        store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=found)


def _plan(name: str, spec: dict[str, Any]) -> StudyPlan:
    runs = [RunPlan(0, BASELINE, seed, 0) for seed in (1, 2)]
    for method in METHODS.values():
        for seed in (1, 2):
            other = seed + 10 if method["method"] == "dora" else seed
            runs.append(RunPlan(0, METHOD, seed, 0, method=method))
            runs.append(RunPlan(0, METHOD_NULL, other, 0, baseline_seed=seed, method=method))
    placed = [
        RunPlan(r.host, r.kind, r.seed, place, baseline_seed=r.baseline_seed, method=r.method)
        for place, r in enumerate(runs)
    ]
    return StudyPlan(
        name=name,
        spec=spec,
        spec_hash=f"{1:064x}",
        design={"sampler": "grid", "max_runs": None},
        recipe_hash="r" * 64,
        artifact_url="talan-artifacts",
        hosts=[HostPlan("tiny-qwen3", "lora-r8", {"type": "lora", "r": 8}, 6, "print")],
        runs=placed,
    )


def _outcome(right: tuple[int, int], *, word: str, notes: dict[str, Any]) -> RunOutcome:
    return RunOutcome(
        cells=[
            CellOutcome(
                benchmark=benchmark,
                outcomes=[item < correct for item in range(N_ITEMS)],
                responses_artifact=f"responses-{word}",
                seconds=2.0,
                digests=pack_digests([f"{word} {item}" for item in range(N_ITEMS)]),
                generation=Generation("continuous", 500, 0, 500, 0),
            )
            for benchmark, correct in zip("ab", right, strict=True)
        ],
        losses=(2.0, 1.0),
        checkpoint_artifact="checkpoint",
        compute_s=12.5,
        provenance={"seed": 1, **notes},
    )
