"""Cells under other scorers: kept, replaced, compared; recorded ones never change."""

from __future__ import annotations

import pytest
from audit_plans import N_ITEMS, begin, complete, study_plan

from storage import (
    BASELINE,
    SEED_NULL,
    TREATMENT,
    AuditStore,
    QueryError,
    RescoredCell,
    ResultConflict,
    Run,
    RunFilter,
    RunNotFound,
    RunPlan,
    StudyNotFound,
)


def bits(correct: int, *, n_items: int = N_ITEMS) -> list[bool]:
    """So many right answers, the last items first."""
    return [item >= n_items - correct for item in range(n_items)]


def keep(store: AuditStore, run: Run, version: int = 1, **corrects: int) -> None:
    outcomes = {name: bits(correct) for name, correct in corrects.items()}
    store.rescored.record(run.id, scorer="strict", version=version, outcomes=outcomes)


@pytest.fixture
def runs(store: AuditStore) -> dict[str, list[Run]]:
    """Two treatments and their baseline, all completed."""
    begun = begin(store, configurations=2)
    for run in [*begun[TREATMENT], *begun[BASELINE]]:
        complete(store, run, 10, 12)
    return begun


def test_a_run_is_compared_with_its_baseline_under_the_same_scorer(
    store: AuditStore, runs: dict[str, list[Run]]
) -> None:
    first, second = runs[TREATMENT]
    recorded = store.runs.get(first.id)
    keep(store, first, a=5, b=3)
    keep(store, second, a=1, b=9)
    store.rescored.match("grid", scorer="strict", version=1)
    assert store.rescored.cells("grid", scorer="strict")[first.id] == {
        "a": RescoredCell("a", "strict", 20, 5, None, None),
        "b": RescoredCell("b", "strict", 20, 3, None, None),
    }
    keep(store, runs[BASELINE][0], a=4, b=4)
    store.rescored.match("grid", scorer="strict", version=1)
    cells = store.rescored.cells("grid", scorer="strict")
    assert cells[first.id] == {
        "a": RescoredCell("a", "strict", 20, 5, 4, 5.0),
        "b": RescoredCell("b", "strict", 20, 3, 4, -5.0),
    }
    assert [cell.delta for cell in cells[second.id].values()] == [-15.0, 25.0]
    assert [cell.delta for cell in cells[runs[BASELINE][0].id].values()] == [None, None]
    assert store.runs.get(first.id) == recorded
    assert store.rescored.cells("grid", scorer="exact") == {}
    assert store.rescored.outcomes(first.id, "a", scorer="strict") == tuple(bits(5))
    # Recorded are the first 10 (a) and 12 (b) of 20 items; these are the last ones.
    assert store.rescored.items_changed("grid", scorer="strict") == {
        "a": (10 + 5) + (10 + 1) + (10 + 4),
        "b": (12 + 3) + (12 + 9 - 2) + (12 + 4),
    }


def test_keeping_again_replaces_and_another_version_is_not_done(
    store: AuditStore, runs: dict[str, list[Run]]
) -> None:
    first = runs[TREATMENT][0]
    keep(store, first, a=5)
    keep(store, first, a=6)
    assert store.rescored.done("grid", scorer="strict", version=1) == {(first.id, "a")}
    assert store.rescored.done("grid", scorer="strict", version=2) == set()
    keep(store, runs[BASELINE][0], a=4)
    store.rescored.match("grid", scorer="strict", version=1)
    keep(store, first, version=2, a=7)
    store.rescored.match("grid", scorer="strict", version=2)  # the baseline is of version 1
    cell = store.rescored.cells("grid", scorer="strict")[first.id]["a"]
    assert (cell.n_correct, cell.baseline_n_correct, cell.delta) == (7, None, None)


def test_only_cells_that_the_run_has_are_kept(
    store: AuditStore, runs: dict[str, list[Run]]
) -> None:
    first = runs[TREATMENT][0]
    with pytest.raises(ResultConflict, match="has 0 recorded items of 'c' and 20 were scored"):
        keep(store, first, a=5, c=5)
    with pytest.raises(ResultConflict, match="has 20 recorded items of 'a' and 3 were scored"):
        store.rescored.record(first.id, scorer="x", version=1, outcomes={"a": [True] * 3})
    assert store.rescored.cells("grid", scorer="strict") == {}
    with pytest.raises(RunNotFound, match="nosuchrun"):
        store.rescored.record("nosuchrun", scorer="x", version=1, outcomes={})
    with pytest.raises(QueryError, match="has no cell of benchmark 'a' under 'strict'"):
        store.rescored.outcomes(first.id, "a", scorer="strict")
    with pytest.raises(StudyNotFound, match="other"):
        store.rescored.cells("other", scorer="strict")


def test_a_null_run_is_compared_with_the_baseline_it_names(store: AuditStore) -> None:
    plan = study_plan(configurations=0, seeds=(1, 2))
    null = RunPlan(0, SEED_NULL, 2, len(plan.runs), baseline_seed=1)
    store.studies.create(type(plan)(**{**vars(plan), "runs": [*plan.runs, null]}))
    store.leases.acquire("grid", owner="driver-1", ttl_s=60)
    by_seed = {run.seed: run for run in store.runs.iterate("grid", RunFilter(kind=BASELINE))}
    (null_run,) = store.runs.iterate("grid", RunFilter(kind=SEED_NULL))
    for run in (*by_seed.values(), null_run):
        complete(store, run, 10)
    keep(store, by_seed[1], a=8)
    keep(store, by_seed[2], a=2)
    keep(store, null_run, a=5)
    store.rescored.match("grid", scorer="strict", version=1)
    assert store.rescored.cells("grid", scorer="strict")[null_run.id]["a"].delta == -15.0


def test_scorers_do_not_mix(store: AuditStore, runs: dict[str, list[Run]]) -> None:
    first, baseline = runs[TREATMENT][0], runs[BASELINE][0]
    keep(store, first, a=5)
    store.rescored.record(baseline.id, scorer="exact", version=1, outcomes={"a": bits(9)})
    store.rescored.match("grid", scorer="strict", version=1)
    assert store.rescored.cells("grid", scorer="strict")[first.id]["a"].delta is None
