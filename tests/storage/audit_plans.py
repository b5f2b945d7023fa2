"""Small studies for the storage tests, and runs with chosen counts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from same_words import OWNER

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
from storage.response_digests import pack_digests
from talan.vocabulary import MIXERS

N_ITEMS = 20


def configuration(number: int) -> dict[str, Any]:
    """The `number`-th configuration: mixers alternate, layers grow."""
    return {
        "layer": number // 4,
        "slots": 2,
        "mixer": MIXERS[number % 4],
        "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008}
        if number % 2
        else {"rule": "direct", "gate": None, "alpha": 0.008},
        "trainability": {
            "scope": "frozen" if number % 3 == 2 else "all",
            "train_until": 20 if number % 3 == 1 else None,
            "warmup_identity": 0,
        },
        "gradient_scale": None if number % 3 == 2 else 500.0,
    }


def identity(axes: dict[str, Any]) -> str:
    """A configuration's content hash."""
    text = json.dumps(axes, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def treatment(number: int, *, host: int = 0, seed: int = 42, position: int = 0) -> RunPlan:
    """A treatment run of the `number`-th configuration."""
    axes = configuration(number)
    return RunPlan(host, TREATMENT, seed, position, axes, identity(axes))


def study_plan(
    name: str = "grid", *, configurations: int = 4, seeds: tuple[int, ...] = (42,), hosts: int = 1
) -> StudyPlan:
    """A grid with its baselines at the end of the plan."""
    runs = [
        treatment(number, host=host, seed=seed, position=0)
        for number in range(configurations)
        for host in range(hosts)
        for seed in seeds
    ]
    runs += [RunPlan(host, BASELINE, seed, 0) for host in range(hosts) for seed in seeds]
    placed = [
        RunPlan(r.host, r.kind, r.seed, place, r.configuration, r.configuration_id)
        for place, r in enumerate(runs)
    ]
    return StudyPlan(
        name=name,
        spec={"name": name, "note": "größer, 大"},
        spec_hash=identity({"name": name, "configurations": configurations, "seeds": seeds}),
        design={"sampler": "grid", "max_runs": configurations},
        recipe_hash="r" * 64,
        artifact_url="talan-artifacts",
        hosts=[
            HostPlan(f"backbone-{i}", "lora-r8", {"type": "lora", "r": 8}, 6, f"print-{i}")
            for i in range(hosts)
        ],
        runs=placed,
    )


def outcome(
    *corrects: int, n_items: int = N_ITEMS, checkpoint: str = "checkpoint", word: str | None = None
) -> RunOutcome:
    """An outcome with so many right answers on the benchmarks a, b, c, ...

    Runs that are right alike answer in the same bytes; one with a `word` of its own answers every
    item otherwise than one with another word.
    """
    return RunOutcome(
        cells=[
            CellOutcome(
                benchmark="abcdefgh"[place],
                outcomes=[item < correct for item in range(n_items)],
                responses_artifact=f"responses-{correct}-{word}",
                seconds=1.5,
                digests=None
                if word is None
                else pack_digests([f"{word} {item < correct} {item}" for item in range(n_items)]),
            )
            for place, correct in enumerate(corrects)
        ],
        losses=(2.25, 1.1, 0.1),
        checkpoint_artifact=checkpoint,
        compute_s=12.5,
        provenance={"torch": "2.13.0", "seed": 42},
    )


def begin(
    store: AuditStore, name: str = "grid", *, owner: str = OWNER, **plan: Any
) -> dict[str, list[Run]]:
    """Create a study and take its lease; return its runs by kind, in order of position."""
    store.studies.create(study_plan(name, **plan))
    store.leases.acquire(name, owner=owner, ttl_s=60)
    return {
        kind: list(store.runs.iterate(name, RunFilter(kind=kind))) for kind in (TREATMENT, BASELINE)
    }


def complete(
    store: AuditStore, run: Run, *corrects: int, owner: str = OWNER, word: str | None = None
) -> Run:
    """Take a run through start and finish with so many right answers per benchmark."""
    return complete_with(store, run, outcome(*corrects, word=word), owner=owner)


def complete_with(store: AuditStore, run: Run, found: RunOutcome, *, owner: str = OWNER) -> Run:
    """Take a run through start and finish with an outcome."""
    attempt = store.dispatch.start(run.id, owner=owner, worker="worker-0")
    store.results.finish(run.id, owner=owner, attempt=attempt, outcome=found)
    return store.runs.get(run.id)


def fail(store: AuditStore, run: Run, error: str = "boom", *, retry: bool = False) -> Run:
    """Take a run through start and failure."""
    attempt = store.dispatch.start(run.id, owner=OWNER, worker="worker-0")
    store.dispatch.fail(run.id, owner=OWNER, attempt=attempt, error=error, retry=retry)
    return store.runs.get(run.id)
