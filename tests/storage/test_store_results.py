"""Finished runs: cells, deltas, verdicts; duties held to on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from audit_plans import (
    N_ITEMS,
    OWNER,
    begin,
    complete,
    complete_with,
    outcome,
    study_plan,
)
from sqlalchemy import select

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    BaselineMismatch,
    CellOutcome,
    ResultConflict,
    RunFilter,
    RunOutcome,
)
from storage.models import ResponseDigests
from storage.new_rows import SELF_CHECK
from storage.response_digests import num_changed, pack_digests


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

    @pytest.mark.parametrize("baseline_last", [False, True])
    def test_helped_hurt_and_changed_are_counted_when_the_two_meet(
        self, store: AuditStore, *, baseline_last: bool
    ) -> None:
        runs = begin(store)
        baseline, run = runs[BASELINE][0], runs[TREATMENT][0]
        answers = {
            baseline.id: _answers("rrwwr", ["a", "b", "c", "d", "e"]),
            run.id: _answers("wrrrr", ["A", "b", "C", "D", "e "]),
        }
        order = [run, baseline] if baseline_last else [baseline, run]
        for one in order:
            complete_with(store, one, answers[one.id])
        found = store.runs.get(run.id)
        cell = found.cells["a"]
        assert (cell.helped, cell.hurt, cell.changed, cell.discordance) == (2, 1, 4, 3)
        assert (cell.delta, cell.exact_delta) == (20.0, 20)
        assert (found.verdict, found.g1, found.exact_mean_delta) == ("strict", True, 20)
        beside = store.runs.get(baseline.id)
        assert (beside.verdict, beside.cells["a"].changed) == (None, None)
        with store.database.reading() as session:
            kept = session.scalars(select(ResponseDigests.run_id)).all()
        assert kept == [baseline.id]  # the treatment's have met the baseline's

    @pytest.mark.parametrize("baseline_last", [False, True])
    def test_a_run_whose_every_byte_is_the_baselines_is_inert(
        self, store: AuditStore, *, baseline_last: bool
    ) -> None:
        runs = begin(store)
        words = {runs[BASELINE][0].id: "one", runs[TREATMENT][0].id: "one"}
        words[runs[TREATMENT][1].id] = "other"
        order = [runs[BASELINE][0], *runs[TREATMENT][:2]]
        for run in reversed(order) if baseline_last else order:
            complete(store, run, 10, 3, word=words[run.id])
        inert, tied = (store.runs.get(run.id) for run in runs[TREATMENT][:2])
        assert (inert.verdict, tied.verdict) == ("inert", "tied")
        assert [inert.cells[name].changed for name in "ab"] == [0, 0]
        assert [tied.cells[name].changed for name in "ab"] == [N_ITEMS, N_ITEMS]
        assert {(c.helped, c.hurt) for c in tied.cells.values()} == {(0, 0)}

    def test_one_other_response_in_the_last_cell_is_a_tie(self, store: AuditStore) -> None:
        runs = begin(store)
        complete_with(store, runs[BASELINE][0], _answers("rw", ["so 4", "so 5"]))
        run = complete_with(store, runs[TREATMENT][0], _answers("rw", ["so 4", "so 5 "]))
        assert (run.verdict, run.cells["a"].changed) == ("tied", 1)

    @pytest.mark.parametrize(("word", "verdict"), [("base", "inert"), ("other", "tied")])
    def test_a_self_check_that_is_not_inert_is_an_error(
        self, store: AuditStore, word: str, verdict: str
    ) -> None:
        plan = study_plan(configurations=1)
        (first, *rest) = plan.runs
        store.studies.create(replace(plan, runs=[replace(first, kind=SELF_CHECK), *rest]))
        store.leases.acquire("grid", owner=OWNER, ttl_s=60)
        by_kind = {run.kind: run for run in store.runs.iterate("grid")}
        complete(store, by_kind[BASELINE], 10, 3, word="base")
        check = complete(store, by_kind[SELF_CHECK], 10, 3, word=word)
        assert (check.state, check.verdict) == ("completed", verdict)
        assert store.rates.g1_counts("grid") == []
        if verdict == "inert":
            assert check.error is None
        else:
            assert f"{N_ITEMS} responses of a, {N_ITEMS} responses of b" in (check.error or "")
            assert "no delta of this study can be trusted" in (check.error or "")

    def test_digests_are_one_for_each_item(self) -> None:
        with pytest.raises(ValueError, match="has 32 bytes of digests; allowed: 16 for each of "):
            CellOutcome("a", [True] * 3, "responses", 1.0, digests=bytes(32))

    def test_half_a_surrogate_pair_is_compared_like_anything_else(self) -> None:
        ours, theirs = pack_digests(["\ud83d", "x"]), pack_digests(["\ud83e", "x"])
        assert (num_changed(ours, theirs), num_changed(ours, ours)) == (1, 0)


def _answers(marks: str, responses: Sequence[str]) -> RunOutcome:
    """One cell, an item a letter: right (r) or wrong (w)."""
    cell = CellOutcome(
        benchmark="a",
        outcomes=[mark == "r" for mark in marks],
        responses_artifact=f"responses-{'|'.join(responses)}",
        seconds=1.0,
        digests=pack_digests(responses),
    )
    return replace(outcome(1), cells=[cell])
