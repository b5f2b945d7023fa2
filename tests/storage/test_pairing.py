"""A run that rests on something else than its baseline is an error, never a delta."""

from __future__ import annotations

from dataclasses import replace

import pytest
from audit_plans import OWNER, begin, complete_with, outcome

from storage import BASELINE, TREATMENT, AuditStore, RunFilter, RunOutcome
from storage.errors import PairingMismatch
from storage.pairing import differing, require_same

SAME = {"dtype": "float32", "prompts of a": "1f" * 32, "torch": "2.13.0"}


def resting(*corrects: int, **changes: str) -> RunOutcome:
    """An outcome whose verdict rests on all that is usual but for some changes."""
    return replace(outcome(*corrects), provenance={"rests_on": {**SAME, **changes}})


class TestPairingContract:
    def test_runs_that_rest_on_the_same_are_compared(self, store: AuditStore) -> None:
        runs = begin(store)
        complete_with(store, runs[BASELINE][0], resting(10))
        assert complete_with(store, runs[TREATMENT][0], resting(12)).mean_delta == 10.0

    @pytest.mark.parametrize("name", list(SAME))
    def test_a_run_that_differs_from_its_baseline_is_refused(
        self, store: AuditStore, name: str
    ) -> None:
        runs = begin(store)
        complete_with(store, runs[BASELINE][0], resting(10))
        run = runs[TREATMENT][0]
        attempt = store.dispatch.start(run.id, owner=OWNER, worker="w")
        other = resting(12, **{name: "something else"})
        with pytest.raises(PairingMismatch) as caught:
            store.results.finish(run.id, owner=OWNER, attempt=attempt, outcome=other)
        said = str(caught.value)
        assert f"{name}: something else, there {SAME[name]}" in said
        assert "resume the study" in said
        found = store.runs.get(run.id)
        assert (found.state, found.cells, found.g1) == ("running", {}, None)

    def test_a_baseline_that_comes_last_takes_back_what_differs(self, store: AuditStore) -> None:
        runs = begin(store)
        odd, fitting = runs[TREATMENT][:2]
        complete_with(store, odd, resting(12, torch="2.14.0"))
        complete_with(store, fitting, resting(12))
        complete_with(store, runs[BASELINE][0], resting(10))
        found = store.runs.get(odd.id)
        assert (found.state, found.cells, found.g1, found.mean_delta) == ("failed", {}, None, None)
        assert "torch: 2.14.0, there 2.13.0" in (found.error or "")
        assert store.runs.get(fitting.id).mean_delta == 10.0
        kinds = [event.kind for event in store.events.after("grid")]
        assert kinds.count("run_failed") == 1
        (counted,) = store.rates.g1_counts("grid")
        assert (counted.runs, counted.g1) == (1, 1)

    def test_once_the_cause_is_gone_it_is_done_again(self, store: AuditStore) -> None:
        runs = begin(store)
        odd = runs[TREATMENT][0]
        complete_with(store, odd, resting(12, torch="2.14.0"))
        complete_with(store, runs[BASELINE][0], resting(10))
        assert odd.id in store.dispatch.requeue_failed("grid", owner=OWNER)
        again = complete_with(store, odd, resting(12))
        assert (again.state, again.error, again.attempt) == ("completed", None, 2)
        assert (again.mean_delta, again.verdict) == (10.0, "strict")
        assert len(list(store.runs.iterate("grid", RunFilter(state="completed")))) == 2

    def test_names_of_one_side_only_are_not_compared(self, store: AuditStore) -> None:
        """Another seed has another order, a run that ended early reached fewer benchmarks."""
        runs = begin(store)
        complete_with(store, runs[BASELINE][0], resting(10, **{"order at seed 42": "x"}))
        run = complete_with(store, runs[TREATMENT][0], resting(12, **{"order at seed 7": "y"}))
        assert run.mean_delta == 10.0
        old = complete_with(store, runs[TREATMENT][1], outcome(12))
        assert old.mean_delta == 10.0
        with store.database.reading() as session:
            require_same(session, old.id, run.id)


def test_every_difference_is_named_with_both_values() -> None:
    assert differing({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "x", "c": "y", "d": "4"}) == {
        "b": ("2", "x"),
        "c": ("3", "y"),
    }
