"""Runs that ended early: bounds and a verdict, and no number anywhere that would count as one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from audit_plans import N_ITEMS, OWNER, begin, complete, outcome

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    BaselineMismatch,
    PartialOutcome,
    ResultConflict,
    Run,
    RunOutcome,
    TrialKey,
)
from storage.generation import Generation

RIGHT, WRONG = 2, 7  # of the items asked; 13 of 20 right at most
COUNTED = Generation("drafted", answer_tokens=90, drafted_tokens=80, passes=12, redecoded=1)
ASKED = {item: item < RIGHT for item in range(RIGHT + WRONG)}


def partial(
    benchmark: str = "b", outcomes: dict[int, bool] | None = None, *, n_items: int = N_ITEMS
) -> PartialOutcome:
    asked = ASKED if outcomes is None else outcomes
    artifact, counted = ("part", COUNTED) if asked else (None, None)
    return PartialOutcome(benchmark, n_items, asked, artifact, seconds=0.5, generation=counted)


def early(*corrects: int, cells: tuple[PartialOutcome, ...] = (partial(),)) -> RunOutcome:
    """Benchmarks a, ... in full, then the bounded ones."""
    whole = outcome(*corrects).cells if corrects else []
    return replace(outcome(1), cells=whole, partial=cells)


def finish(store: AuditStore, run: Run, ended: RunOutcome) -> Run:
    attempt = store.dispatch.start(run.id, owner=OWNER, worker="worker-0")
    store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=ended)
    return store.runs.get(run.id)


class TestBoundedCellsContract:
    def test_a_lost_cell_decides_and_has_no_number(self, store: AuditStore) -> None:
        runs = begin(store)
        complete(store, runs[BASELINE][0], 10, 14, 5)
        run = finish(store, runs[TREATMENT][0], early(12, cells=(partial(), partial("c", {}))))

        assert (run.state, run.g1, run.ended_early) == ("completed", False, True)
        assert (run.mean_delta, run.worst_delta) == (None, None)
        assert list(run.cells) == ["a"]
        assert run.cells["a"].delta == 10.0
        lost, unasked = run.bounds["b"], run.bounds["c"]
        assert (lost.n_evaluated, lost.n_correct, lost.delta) == (9, (2, 13), (-60.0, -5.0))
        assert (lost.baseline_n_correct, lost.baseline_score) == (14, 70.0)
        assert (lost.responses_artifact, unasked.responses_artifact) == ("part", None)
        assert (unasked.n_evaluated, unasked.n_correct) == (0, (0, N_ITEMS))
        assert unasked.delta == (-25.0, 75.0)
        assert (lost.generation, unasked.generation) == (COUNTED, None)
        (listed,) = [found for found in store.runs.iterate("grid") if found.id == run.id]
        assert listed == run
        kinds = [e.kind for e in store.events.after("grid") if e.payload.get("run") == run.id]
        assert kinds[-4:] == ["cell_scored", "cell_bounded", "cell_bounded", "run_finished"]

    def test_a_run_may_be_lost_before_any_cell_is_complete(self, store: AuditStore) -> None:
        runs = begin(store)
        complete(store, runs[BASELINE][0], 14)
        run = finish(store, runs[TREATMENT][0], early(cells=(partial("a"),)))
        assert (run.g1, dict(run.cells), list(run.bounds)) == (False, {}, ["a"])

    def test_a_run_may_be_lost_by_a_complete_cell(self, store: AuditStore) -> None:
        runs = begin(store)
        complete(store, runs[BASELINE][0], 10, 14)
        run = finish(store, runs[TREATMENT][0], early(9, cells=(partial("b", {}),)))
        assert (run.g1, run.cells["a"].delta, run.mean_delta) == (False, -5.0, None)

    def test_rates_count_it_and_averages_do_not(self, store: AuditStore) -> None:
        runs = begin(store)
        complete(store, runs[BASELINE][0], 10, 14)
        finish(store, runs[TREATMENT][0], early(12))
        complete(store, runs[TREATMENT][1], 11, 15)
        (count,) = store.rates.g1_counts("grid")
        assert (count.runs, count.g1) == (2, 1)
        assert [run.id for run in store.rates.champions("grid")] == [runs[TREATMENT][1].id]
        by_mean = store.runs.page("grid", sort="mean_delta").runs
        assert [run.mean_delta for run in by_mean][:2] == [5.0, None]

    def test_its_trial_says_how_bad_it_is_at_least(self, store: AuditStore) -> None:
        runs = begin(store, seeds=(1, 2), configurations=1)
        for baseline in runs[BASELINE]:
            complete(store, baseline, 10, 14, 3)
        finish(store, runs[TREATMENT][0], early(12, cells=(partial(), partial("c", {}))))
        assert store.trials.ended("grid") == []
        complete(store, runs[TREATMENT][1], 9, 15, 3)
        (trial,) = store.trials.ended("grid")
        assert (trial.state, trial.mean_delta) == ("ended_early", None)
        assert trial.worst_deltas == {"a": -5.0, "b": -5.0, "c": 0.0}
        assert trial.key == TrialKey(0, runs[TREATMENT][0].configuration_id or "")

    def test_the_same_result_again_changes_nothing(self, store: AuditStore) -> None:
        runs = begin(store)
        complete(store, runs[BASELINE][0], 10, 14)
        before = finish(store, runs[TREATMENT][0], early(12))
        slower = replace(early(12), compute_s=99.0)
        store.results.finish(before.id, owner=OWNER, attempt=1, outcome=slower)
        assert store.runs.get(before.id) == before
        others = [
            early(12, cells=(partial(outcomes={**ASKED, 9: False}),)),
            early(12, cells=(partial(outcomes={**ASKED, 0: False}),)),
            early(12, cells=(replace(partial(), responses_artifact="other"),)),
            outcome(12, 2),
        ]
        for other in others:
            with pytest.raises(ResultConflict, match="finished already, with another outcome"):
                store.results.finish(before.id, owner=OWNER, attempt=1, outcome=other)

    def test_what_gives_no_verdict_is_refused(self, store: AuditStore) -> None:
        runs = begin(store)
        run, baseline = runs[TREATMENT][0], runs[BASELINE][0]
        with pytest.raises(BaselineMismatch, match="there is no baseline that decides it"):
            finish(store, run, early(12))
        with pytest.raises(BaselineMismatch, match="there is no baseline that decides it"):
            finish(store, baseline, early(12))
        store.results.finish(baseline.id, owner=OWNER, attempt=1, outcome=outcome(10, 13))
        refused = [
            (early(12), "none of its cells is lost"),  # 13 right ones can still tie
            (early(12, cells=(partial(n_items=21),)), "21 items of 'b'"),
            (early(12, cells=(partial("c"),)), "was evaluated on"),
        ]
        for ended, message in refused:
            with pytest.raises(BaselineMismatch, match=message):
                store.results.finish(run.id, owner=OWNER, attempt=1, outcome=ended)
        found = store.runs.get(run.id)
        assert (found.state, found.cells, found.bounds) == ("running", {}, {})

    def test_a_part_is_less_than_the_whole(self) -> None:
        with pytest.raises(ValueError, match="outcomes of 3 items; a part of its items 0 to 2"):
            partial(outcomes=dict.fromkeys(range(3), True), n_items=3)
        with pytest.raises(ValueError, match="a part of its items"):
            partial(outcomes={5: True}, n_items=3)

    def test_a_failures_detail_is_kept_until_it_is_tried_again(self, store: AuditStore) -> None:
        run = begin(store)[TREATMENT][0]
        attempt = store.dispatch.start(run.id, owner=OWNER, worker="w")
        told = {"owner": OWNER, "attempt": attempt, "error": "boom"}
        store.dispatch.fail(run.id, retry=False, detail="Traceback\x00 …\n" * 5_000, **told)
        detail = store.runs.error_detail(run.id) or ""
        assert len(detail) == 20_000
        assert detail.endswith("Traceback\N{REPLACEMENT CHARACTER} …\n")
        store.dispatch.requeue_failed("grid", owner=OWNER)
        assert store.runs.error_detail(run.id) is None
