"""A study recorded by hand, small enough that every figure can be computed by eye.

Two hosts of six layers, each baseline right on 10 of 20 and 5 of 10. The LoRA host has four
treatments with a verdict (two of them G1), one that ended early, one that failed, one pending, and
two null runs (one G1); the DoRA host has one treatment, which ties everywhere, and no null run.
"""

from __future__ import annotations

from typing import Any

from same_words import OWNER

from search.driving.audits import launch
from search.follow_ups.confirmation import launch_confirmation
from search.study.file import parse_study
from search.study.plan import configuration_id
from storage import (
    BASELINE,
    SEED_NULL,
    TREATMENT,
    AuditStore,
    CellOutcome,
    HostPlan,
    RunOutcome,
    RunPlan,
    StudyPlan,
)
from storage.new_rows import PartialOutcome

NAME = "drawn"
BENCHMARKS = {"tiny_choice": 20, "tiny_code": 10}
ERROR = "boom <script>alert(1)</script> | pipe"
LORA, DORA = "tiny-qwen3 lora-r8", "tiny-qwen3 dora-r8"
PROVENANCE = {
    "versions": {"torch": "2.13.0", "talan-audit": "0.1.0"},
    "machine": {"platform": "Linux-test", "cpu": "a <b>processor</b>", "gpus": []},
}


def axes(mixer: str, *, layer: int, slots: int, alpha: float = 0.008) -> dict[str, Any]:
    return {
        "layer": layer,
        "slots": slots,
        "mixer": mixer,
        "writeback": {"rule": "gate", "gate": "vector", "alpha": alpha},
        "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
        "gradient_scale": 1.0,
    }


# Right answers; the baseline has (10, 5). Deltas in pp and their mean beside.
SCORED = [
    (axes("cross_attn", layer=0, slots=2), (12, 5)),  # +10, 0: mean 5, G1
    (axes("cross_attn", layer=3, slots=4), (9, 9)),  # -5, +40: mean 17.5
    (axes("multihead_local", layer=3, slots=2, alpha=0.1), (10, 7)),  # 0, +20: mean 10, G1
    (axes("multihead_local", layer=1, slots=4), (8, 5)),  # -10, 0: mean -5
]
ENDED_EARLY = axes("multihead_local", layer=2, slots=4)
FAILED = axes("per_token_mix", layer=0, slots=2)
PENDING = axes("per_token_mix", layer=5, slots=2)


def record_study(store: AuditStore, name: str = NAME, *, error: str = ERROR) -> list[str]:
    """Put the study on record; the ids of the LoRA host's treatments, in the order above."""
    store.studies.create(_plan(name))
    store.leases.acquire(name, owner=OWNER, ttl_s=60)
    store.studies.set_state(name, "running", owner=OWNER)
    baseline, *rest = [run.id for run in store.runs.iterate(name)]
    treatments, nulls, (dora, tied) = rest[:7], rest[7:9], rest[9:]
    _finish(store, baseline, _outcome(10, 5))
    for run_id, (_, corrects) in zip(treatments, SCORED, strict=False):
        _finish(store, run_id, _outcome(*corrects))
    _finish(store, treatments[4], _lost())
    attempt = store.dispatch.start(treatments[5], owner=OWNER, worker="worker-1")
    store.dispatch.fail(treatments[5], owner=OWNER, attempt=attempt, error=error, retry=False)
    _finish(store, nulls[0], _outcome(10, 5))
    _finish(store, nulls[1], _outcome(9, 5))
    _finish(store, dora, _outcome(10, 5))
    _finish(store, tied, _outcome(10, 5))
    store.leases.release(name, owner=OWNER, state="stopped")
    return treatments


def empty_study(store: AuditStore, name: str = "empty") -> None:
    """The same study, before its first run."""
    store.studies.create(_plan(name))


def _plan(name: str) -> StudyPlan:
    file = parse_study({"name": name, "benchmarks": list(BENCHMARKS)})
    points = [*(point for point, _ in SCORED), ENDED_EARLY, FAILED, PENDING]
    runs = [RunPlan(0, BASELINE, 42, 0)]
    runs += [_treatment(0, place, point) for place, point in enumerate(points, start=1)]
    runs += [RunPlan(0, SEED_NULL, seed, 8 + seed, baseline_seed=42) for seed in (0, 1)]
    runs += [RunPlan(1, BASELINE, 42, 20), _treatment(1, 21, points[0])]
    return StudyPlan(
        name=name,
        spec=file.spec,
        spec_hash=file.spec_hash,
        design={"sampler": "grid", "max_runs": None, "seed": 0},
        recipe_hash="r" * 64,
        artifact_url="talan-artifacts",
        hosts=[
            HostPlan("tiny-qwen3", "lora-r8", {"type": "lora"}, 6, "fingerprint"),
            HostPlan("tiny-qwen3", "dora-r8", {"type": "dora"}, 6, "fingerprint"),
        ],
        runs=runs,
    )


def _treatment(host: int, position: int, point: dict[str, Any]) -> RunPlan:
    return RunPlan(host, TREATMENT, 42, position, point, configuration_id(point))


def _outcome(*corrects: int) -> RunOutcome:
    cells = [
        CellOutcome(name, [item < right for item in range(num)], f"responses-{right}", 1.5)
        for (name, num), right in zip(BENCHMARKS.items(), corrects, strict=True)
    ]
    return RunOutcome(cells, (2.5, 1.25), "checkpoint", 4.0, PROVENANCE)


def _lost() -> RunOutcome:
    """12 of 20 asked and all of them wrong: at most 8 right, fewer than the baseline's 10."""
    lost = PartialOutcome("tiny_choice", 20, dict.fromkeys(range(12), False), "responses-p", 1.0)
    unasked = PartialOutcome("tiny_code", 10, {}, None, 0.0)
    return RunOutcome([], (2.5, 1.25), "checkpoint", 2.0, PROVENANCE, partial=[lost, unasked])


def _finish(store: AuditStore, run_id: str, outcome: RunOutcome) -> None:
    attempt = store.dispatch.start(run_id, owner=OWNER, worker="worker-0")
    store.results.finish(run_id, owner=OWNER, attempt=attempt, outcome=outcome)


def confirmed_study(store: AuditStore) -> str:
    """One configuration, +10 pp on the first benchmark; at two fresh seeds +10 and +20 pp."""
    file = parse_study({"name": "confirmed", "benchmarks": list(BENCHMARKS)})
    launch(store, file, artifact_url="talan-artifacts")
    _finish_all(store, file.name)
    (best,) = store.rates.champions(file.name)
    (name,) = launch_confirmation(store, best.id, num_seeds=2)
    _finish_all(store, name)
    return file.name


def _finish_all(store: AuditStore, name: str) -> None:
    store.leases.acquire(name, owner=OWNER, ttl_s=60)
    num_treatments = 0
    for due in store.dispatch.next_pending(name, limit=10):
        num_treatments += due.kind != BASELINE
        _finish(store, due.id, _outcome(10 + 2 * num_treatments * (due.kind != BASELINE), 5))
    store.leases.release(name, owner=OWNER, state="completed")
