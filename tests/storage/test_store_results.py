"""Finished runs: cells, deltas, verdicts; duties held to on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from audit_plans import (
    N_ITEMS,
    OWNER,
    begin,
    complete,
    outcome,
)

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    BaselineMismatch,
    ResultConflict,
    RunFilter,
)


class TestResultsContract:
    def test_deltas_come_from_counts(self, store: AuditStore) -> None:
        runs = begin(store)
        baseline = complete(store, runs[BASELINE][0], 10, 3)
        assert (baseline.g1, baseline.mean_delta) == (None, None)
        assert baseline.cells["a"].delta is None
        run = complete(store, runs[TREATMENT][0], 13, 2)
        cell = run.cells["a"]
        assert (cell.n_items, cell.n_correct, cell.score) == (N_ITEMS, 13, 65.0)
        assert (cell.baseline_n_correct, cell.baseline_score, cell.delta) == (10, 50.0, 15.0)
        assert run.cells["b"].delta == -5.0
        assert (run.g1, run.mean_delta, run.worst_delta) == (False, 5.0, -5.0)
        assert (run.compute_s, run.checkpoint_artifact) == (12.5, "checkpoint")
        assert store.runs.losses(run.id) == (2.25, 1.1, 0.1)
        assert store.runs.outcomes(run.id, "b") == (True,) * 2 + (False,) * 18

    def test_ties_count_as_g1(self, store: AuditStore) -> None:
        runs = begin(store)
        complete(store, runs[BASELINE][0], 10, 3, 0)
        run = complete(store, runs[TREATMENT][0], 10, 3, 0)
        assert (run.g1, run.mean_delta, run.worst_delta) == (True, 0.0, 0.0)
        assert complete(store, runs[TREATMENT][1], 20, 3, 0).g1 is True
        assert complete(store, runs[TREATMENT][2], 20, 2, 20).g1 is False
        status = store.studies.status("grid")
        assert (status.g1, status.scored, status.g1_rate) == (2, 3, 2 / 3)

    def test_a_baseline_that_comes_last_scores_what_waited(self, store: AuditStore) -> None:
        runs = begin(store, configurations=2, seeds=(1, 2), hosts=2)
        waiting = [complete(store, run, 4, 4) for run in runs[TREATMENT]]
        assert {run.g1 for run in waiting} == {None}
        assert store.studies.status("grid").g1_rate is None
        first = runs[BASELINE][0]
        complete(store, first, 3, 5)
        for run in store.runs.iterate("grid", RunFilter(kind=TREATMENT)):
            matched = (run.host, run.seed) == (first.host, first.seed)
            assert run.g1 is (False if matched else None)
            assert run.cells["a"].delta == (5.0 if matched else None)
            assert run.worst_delta == (-5.0 if matched else None)
        scored = [e.payload["run"] for e in store.events.after("grid") if e.kind == "run_scored"]
        assert len(scored) == 2

    def test_the_same_result_again_changes_nothing(self, store: AuditStore) -> None:
        run = begin(store)[TREATMENT][0]
        before = complete(store, run, 4, 4)
        log = store.events.after("grid")
        slower = replace(outcome(4, 4), compute_s=99.0)
        store.results.finish(run.id, owner=OWNER, attempt=1, outcome=slower)
        assert store.runs.get(run.id) == before
        assert store.events.after("grid") == log

    @pytest.mark.parametrize(
        "other",
        [
            outcome(4, 5),
            outcome(4),
            outcome(4, 4, n_items=21),
            outcome(4, 4, checkpoint="other"),
            replace(outcome(4, 4), losses=(2.25, 1.1, 0.2)),
        ],
    )
    def test_another_result_is_refused(self, store: AuditStore, other: object) -> None:
        run = begin(store)[TREATMENT][0]
        before = complete(store, run, 4, 4)
        with pytest.raises(ResultConflict, match="finished already, with another outcome"):
            store.results.finish(run.id, owner=OWNER, attempt=1, outcome=other)
        assert store.runs.get(run.id) == before

    def test_other_items_than_the_baselines_are_refused(self, store: AuditStore) -> None:
        runs = begin(store)
        complete(store, runs[BASELINE][0], 4, 4)
        run = runs[TREATMENT][0]
        store.dispatch.start(run.id, owner=OWNER, worker="w")
        fewer = outcome(4, 4, n_items=19)
        with pytest.raises(
            BaselineMismatch, match="19 items of 'a' but its matched baseline has 20"
        ):
            store.results.finish(run.id, owner=OWNER, attempt=1, outcome=fewer)
        with pytest.raises(BaselineMismatch, match="was evaluated on"):
            store.results.finish(run.id, owner=OWNER, attempt=1, outcome=outcome(4))
        found = store.runs.get(run.id)
        assert (found.state, found.cells, found.provenance_hash) == ("running", {}, None)

    def test_an_outcome_has_each_benchmark_once(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            replace(outcome(4), cells=[])
        with pytest.raises(ValueError, match="each benchmark once"):
            replace(outcome(4), cells=[*outcome(4).cells, *outcome(4).cells])
        with pytest.raises(ValueError, match="'a' has no items"):
            outcome(0, n_items=0)

    def test_provenance_is_kept_once(self, store: AuditStore) -> None:
        runs = begin(store)
        for run in runs[TREATMENT][:3]:
            complete(store, run, 1)
        attempt = store.dispatch.start(runs[TREATMENT][3].id, owner=OWNER, worker="w")
        odd = replace(outcome(1), provenance={"torch": "other"})
        store.results.finish(runs[TREATMENT][3].id, owner=OWNER, attempt=attempt, outcome=odd)
        found = store.studies.provenance("grid")
        assert [p.num_runs for p in found] == [3, 1]
        assert found[0].data == {"torch": "2.13.0", "seed": 42}
        assert found[1].hash == store.runs.get(runs[TREATMENT][3].id).provenance_hash
