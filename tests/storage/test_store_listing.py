"""Pages and filters of runs; duties held to on both databases."""

from __future__ import annotations

import pytest
from audit_plans import (
    MIXERS,
    OWNER,
    begin,
    complete,
    configuration,
    fail,
    identity,
    treatment,
)

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    QueryError,
    RunFilter,
    RunNotFound,
    StudyNotFound,
)


class TestListingContract:
    def test_pages_follow_each_other(self, store: AuditStore) -> None:
        begin(store, configurations=7)
        seen, cursor = [], None
        while True:
            page = store.runs.page("grid", limit=3, cursor=cursor)
            seen += [run.position for run in page.runs]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == list(range(8))

    def test_pages_stay_right_while_runs_are_added(self, store: AuditStore) -> None:
        begin(store, configurations=6)
        first = store.runs.page("grid", limit=4)
        store.studies.add_runs(
            "grid", owner=OWNER, runs=[treatment(20, position=1), treatment(21, position=99)]
        )
        rest = store.runs.page("grid", limit=100, cursor=first.next_cursor)
        assert [run.position for run in first.runs + rest.runs] == [0, 1, 2, 3, 4, 5, 6, 99]

    def test_the_largest_mean_delta_comes_first_and_the_unscored_last(
        self, store: AuditStore
    ) -> None:
        runs = begin(store, configurations=6)
        complete(store, runs[BASELINE][0], 10)
        for run, correct in zip(runs[TREATMENT], (9, 12, 12, 15, 10), strict=False):
            complete(store, run, correct)
        wanted = [3, 1, 2, 4, 0, 5, 6]
        for limit in (1, 2, 3, 7):
            seen, cursor = [], None
            while True:
                page = store.runs.page("grid", sort="mean_delta", limit=limit, cursor=cursor)
                seen += [run.position for run in page.runs]
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert seen == wanted
        worst = store.runs.page("grid", sort="worst_delta")
        assert [run.position for run in worst.runs] == wanted

    def test_filters_narrow_the_listing(self, store: AuditStore) -> None:
        runs = begin(store, configurations=8, seeds=(1, 2), hosts=2)
        complete(store, runs[BASELINE][0], 10)
        complete(store, runs[TREATMENT][0], 10)
        fail(store, runs[TREATMENT][1])

        def count(**wanted: object) -> int:
            return sum(1 for _ in store.runs.iterate("grid", RunFilter(**wanted)))

        assert count() == 36
        assert count(kind=BASELINE) == 4
        assert count(state="failed") == 1
        assert count(g1=True) == 1
        assert count(g1=False) == 0
        assert count(backbone="backbone-1") == 18
        assert count(adapter="lora-r9") == 0
        assert count(seed=2, kind=TREATMENT) == 16
        assert count(configuration_id=identity(configuration(3))) == 4
        assert count(axes={"mixer": MIXERS[1]}) == 8
        assert count(axes={"mixer": MIXERS[1], "layer": 1}) == 4
        assert count(axes={"writeback": {"rule": "direct"}}) == 16
        assert count(axes={"writeback_gate": None}) == 16
        assert count(axes={"gradient_scale": None}) == 8
        frozen = {"scope": "frozen", "train_until": None, "warmup_identity": 0}
        assert count(axes={"trainability": frozen}) == 8

    def test_a_wrong_question_is_refused(self, store: AuditStore) -> None:
        begin(store, configurations=6)
        cursor = store.runs.page("grid", limit=1).next_cursor
        wrong = [
            ({"sort": "size"}, "no sort 'size'; use one of position, mean_delta"),
            ({"limit": 0}, "limit is 0; it must be 1 or more"),
            ({"cursor": "no!cursor"}, "cursor 'no!cursor' is not one"),
            ({"cursor": "WyJwb3NpdGlvbiJd"}, "is not one of a listing sorted by position"),
            ({"cursor": cursor, "sort": "mean_delta"}, "sorted by mean_delta"),
            ({"where": RunFilter(state="done")}, "no run state 'done'; use one of pending"),
            ({"where": RunFilter(axes={"depth": 1})}, "no axis 'depth'; use one of"),
            ({"where": RunFilter(axes={"writeback": {"x": 1}})}, "no part 'x'; use rule, gate"),
        ]
        for arguments, message in wrong:
            with pytest.raises(QueryError, match=message):
                store.runs.page("grid", **arguments)

    def test_names_that_do_not_exist_are_answered_with_the_closest(self, store: AuditStore) -> None:
        with pytest.raises(StudyNotFound, match="there is no study 'grid'; there are none yet"):
            store.studies.get("grid")
        run = begin(store, "tiny-lora-grid")[TREATMENT][0]
        for ask in (
            store.studies.status,
            store.runs.page,
            store.events.after,
            store.rates.champions,
        ):
            with pytest.raises(StudyNotFound, match="closest: tiny-lora-grid"):
                ask("tiny-lora-gird")
        with pytest.raises(RunNotFound, match=f"closest: {run.id}"):
            store.runs.get(run.id[:8] + "zzzz")
        with pytest.raises(RunNotFound, match="a run's id is 16 hex digits"):
            store.runs.get("%")
        with pytest.raises(RunNotFound):
            store.runs.losses("")
        with pytest.raises(QueryError, match="no cell of benchmark 'zz'"):
            store.runs.outcomes(run.id, "zz")
