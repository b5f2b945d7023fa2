"""The log; duties held to on both databases."""

from __future__ import annotations

from audit_plans import (
    begin,
    complete,
    fail,
)

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
)


class TestEventsContract:
    def test_events_tell_the_story_in_order(self, store: AuditStore) -> None:
        runs = begin(store)
        begin(store, "other")
        complete(store, runs[BASELINE][0], 10, 10)
        fail(store, runs[TREATMENT][0], "boom", retry=True)
        complete(store, runs[TREATMENT][0], 11, 10)
        events = store.events.after("grid")
        assert [event.kind for event in events] == [
            "run_started",
            "cell_scored",
            "cell_scored",
            "run_finished",
            "run_started",
            "run_failed",
            "run_started",
            "cell_scored",
            "cell_scored",
            "run_finished",
        ]
        assert events[7].payload == {
            "run": runs[TREATMENT][0].id,
            "benchmark": "a",
            "score": 55.0,
            "delta": 5.0,
        }
        assert events[-1].payload["g1"] is True
        ids = [event.id for event in events]
        assert ids == sorted(ids)
        assert store.events.after("grid", ids[3], limit=2) == events[4:6]
        assert store.events.after("grid", ids[-1]) == []
        assert store.events.after("other") == []

    def test_a_second_store_sees_what_was_committed(
        self, store: AuditStore, storage_url: str
    ) -> None:
        runs = begin(store)
        complete(store, runs[BASELINE][0], 10)
        with AuditStore.open(storage_url, create=False) as second:
            assert second.runs.get(runs[BASELINE][0].id).state == "completed"
            assert [status.name for status in second.studies.list()] == ["grid"]
