"""A study recorded by hand: every state a run can be in, with counts that can be checked by eye."""

from __future__ import annotations

from typing import Any

from same_words import FROZEN, OWNER

from search.study.file import parse_study
from search.study.plan import configuration_id
from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    CellOutcome,
    HostPlan,
    RunOutcome,
    RunPlan,
    StudyPlan,
)

NAME = "recorded"
BENCHMARKS = {"tiny_choice": 20, "tiny_code": 10}
LORA = {
    "type": "lora",
    "r": 8,
    "alpha": 16.0,
    "target_modules": ["q_proj"],
    "dropout": 0.0,
}


def axes(mixer: str, **changes: Any) -> dict[str, Any]:
    """A configuration in canonical form."""
    return {
        "layer": 1,
        "slots": 2,
        "mixer": mixer,
        "writeback": {"rule": "direct", "gate": None, "alpha": 0.008},
        "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
        "gradient_scale": 500.0,
        **changes,
    }


GATE = {"rule": "gate", "gate": "vector", "alpha": 0.1}
# Right answers on (tiny_choice of 20, tiny_code of 10); the baseline has 10 and 5.
CONFIGURATIONS = [
    (axes("multihead_local"), (12, 5)),  # +10 and 0 pp: G1
    (axes("cross_attn"), (9, 9)),  # -5 and +40 pp: the largest mean, and not G1
    (axes("cross_attn", trainability=FROZEN, gradient_scale=None), (10, 5)),  # 0 and 0: G1
    (axes("per_token_mix", writeback=GATE), None),  # fails
    (axes("per_token_mix", layer=4), None),  # pending
]


def study_plan(name: str) -> StudyPlan:
    """One host, its baseline and five configurations."""
    file = parse_study({"name": name, "benchmarks": list(BENCHMARKS)})
    treatments = [
        RunPlan(0, TREATMENT, 42, place, configuration, configuration_id(configuration))
        for place, (configuration, _) in enumerate(CONFIGURATIONS, start=1)
    ]
    return StudyPlan(
        name=name,
        spec=file.spec,
        spec_hash=file.spec_hash,
        design={"sampler": "grid", "max_runs": 5, "seed": 0},
        recipe_hash="r" * 64,
        artifact_url="talan-artifacts",
        hosts=[HostPlan("tiny-qwen3", "lora-r8", LORA, 6, "fingerprint")],
        runs=[RunPlan(0, BASELINE, 42, 0), *treatments],
    )


def outcome(*corrects: int) -> RunOutcome:
    """So many right answers per benchmark."""
    return RunOutcome(
        cells=[
            CellOutcome(
                benchmark=name,
                outcomes=[item < correct for item in range(num_items)],
                responses_artifact=f"sha256-{correct}.parquet",
                seconds=1.5,
            )
            for (name, num_items), correct in zip(BENCHMARKS.items(), corrects, strict=True)
        ],
        losses=(2.5, 1.25),
        checkpoint_artifact="sha256-c.tar",
        compute_s=12.5,
        provenance={"torch": "2.13.0"},
    )


def record(store: AuditStore, name: str = NAME) -> list[str]:
    """Put the study on record, stopped half-way; the ids of its runs in order."""
    store.studies.create(study_plan(name))
    store.leases.acquire(name, owner=OWNER, ttl_s=60)
    store.studies.set_state(name, "running", owner=OWNER)
    baseline, *treatments = [run.id for run in store.runs.iterate(name)]
    _complete(store, baseline, 10, 5)
    for run_id, (_, corrects) in zip(treatments, CONFIGURATIONS, strict=True):
        if corrects:
            _complete(store, run_id, *corrects)
    attempt = store.dispatch.start(treatments[3], owner=OWNER, worker="worker-1")
    store.dispatch.fail(
        treatments[3], owner=OWNER, attempt=attempt, error="the loss is nan, sadly", retry=False
    )
    store.leases.release(name, owner=OWNER, state="stopped")
    return [baseline, *treatments]


def _complete(store: AuditStore, run_id: str, *corrects: int) -> None:
    attempt = store.dispatch.start(run_id, owner=OWNER, worker="worker-0")
    store.results.finish(run_id, owner=OWNER, attempt=attempt, outcome=outcome(*corrects))
