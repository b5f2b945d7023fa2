"""Null runs on record: matched at a seed that is not their own; held to on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from audit_plans import OWNER, complete, configuration, fail, identity, study_plan

from storage import (
    BASELINE,
    SEED_NULL,
    SHAM_NULL,
    TREATMENT,
    AuditStore,
    PlanError,
    Run,
    RunFilter,
    RunPlan,
)

AXES = configuration(0)
NULLS = [
    RunPlan(0, SEED_NULL, 7, 20, baseline_seed=42),
    RunPlan(0, SEED_NULL, 8, 21, baseline_seed=42),
    RunPlan(0, SHAM_NULL, 0, 22, AXES, identity(AXES), baseline_seed=42),
    RunPlan(0, SHAM_NULL, 1, 23, AXES, identity(AXES), baseline_seed=42),
]


def begin(store: AuditStore) -> dict[str, list[Run]]:
    """One configuration at two seeds, with nulls against the first."""
    plan = study_plan(configurations=1, seeds=(42, 7))
    store.studies.create(replace(plan, runs=[*plan.runs, *NULLS]))
    store.leases.acquire("grid", owner=OWNER, ttl_s=60)
    kinds = (BASELINE, TREATMENT, SEED_NULL, SHAM_NULL)
    return {k: list(store.runs.iterate("grid", RunFilter(kind=k))) for k in kinds}


def test_they_are_compared_with_the_baseline_that_they_name(store: AuditStore) -> None:
    runs = begin(store)
    of_42, of_7 = runs[BASELINE]
    complete(store, runs[SEED_NULL][0], 12, 9)  # its own seed has a baseline too
    complete(store, of_7, 20, 20)
    assert store.runs.get(runs[SEED_NULL][0].id).g1 is None
    complete(store, of_42, 10, 10)
    early = store.runs.get(runs[SEED_NULL][0].id)
    assert {name: cell.delta for name, cell in early.cells.items()} == {"a": 10.0, "b": -5.0}
    assert (early.seed, early.baseline_seed, early.g1) == (7, 42, False)
    shams = [complete(store, run, 10, 10 + run.seed) for run in runs[SHAM_NULL]]
    assert [(run.seed, run.g1, run.mean_delta) for run in shams] == [(0, True, 0.0), (1, True, 2.5)]
    assert complete(store, runs[TREATMENT][1], 20, 19).mean_delta == -2.5


def test_they_are_counted_apart(store: AuditStore) -> None:
    runs = begin(store)
    for run in runs[BASELINE]:
        complete(store, run, 10)
    for kind in (SEED_NULL, SHAM_NULL):
        complete(store, runs[kind][0], 15)
        complete(store, runs[kind][1], 9)
    complete(store, runs[TREATMENT][0], 11)
    status = store.studies.status("grid")
    assert (status.runs.total, status.runs.completed, status.g1, status.scored) == (2, 1, 1, 1)
    assert (status.kinds[SEED_NULL].completed, status.kinds[SHAM_NULL].completed) == (2, 2)
    for kind, counted in {TREATMENT: (1, 1), SEED_NULL: (2, 1), SHAM_NULL: (2, 1)}.items():
        (count,) = store.rates.g1_counts("grid", kind=kind)
        assert (count.runs, count.g1) == counted
    (champion,) = store.rates.champions("grid")
    assert champion.id == runs[TREATMENT][0].id
    found = store.runs.page("grid", RunFilter(g1=True)).runs
    assert [run.id for run in found] == [runs[TREATMENT][0].id]
    assert len(store.runs.page("grid", RunFilter(g1=True, kind=SHAM_NULL)).runs) == 1


def test_optuna_hears_nothing_of_them(store: AuditStore) -> None:
    runs = begin(store)
    for run in [*runs[BASELINE], *runs[SHAM_NULL], *runs[SEED_NULL]]:
        complete(store, run, 10)
    assert store.trials.ended("grid") == []
    for run in runs[TREATMENT]:
        complete(store, run, 11)
    (trial,) = store.trials.ended("grid")
    assert set(trial.run_ids) == {run.id for run in runs[TREATMENT]}


def test_they_fail_with_their_baseline_and_no_other(store: AuditStore) -> None:
    runs = begin(store)
    of_42, of_7 = runs[BASELINE]
    fail(store, of_7)
    gone = store.dispatch.fail_dependents(of_7.id, owner=OWNER)
    assert gone == [runs[TREATMENT][1].id]
    fail(store, of_42)
    gone = store.dispatch.fail_dependents(of_42.id, owner=OWNER)
    nulls = [*runs[SEED_NULL], *runs[SHAM_NULL]]
    assert gone == [runs[TREATMENT][0].id, *(run.id for run in nulls)]


def test_what_is_due_names_both_seeds(store: AuditStore) -> None:
    begin(store)
    due = store.dispatch.next_pending("grid", limit=100)
    assert {(run.kind, run.seed, run.baseline_seed) for run in due} == {
        *((kind, seed, seed) for kind in (BASELINE, TREATMENT) for seed in (42, 7)),
        *((plan.kind, plan.seed, 42) for plan in NULLS),
    }


def test_a_baseline_is_its_own(store: AuditStore) -> None:
    plan = study_plan(configurations=1)
    wrong = RunPlan(0, BASELINE, 5, 9, baseline_seed=42)
    with pytest.raises(PlanError, match="position 9 is its own baseline"):
        store.studies.create(replace(plan, runs=[*plan.runs, wrong]))
