"""What is due, and a run's way to running or failed; duties held to on both databases."""

from __future__ import annotations

import pytest
from audit_plans import (
    OWNER,
    begin,
    complete,
    configuration,
    fail,
    outcome,
)

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    RunStateError,
    TrialKey,
)


class TestDispatchContract:
    def test_baselines_are_due_first_then_by_position(self, store: AuditStore) -> None:
        runs = begin(store, configurations=3, seeds=(1, 2))
        due = store.dispatch.next_pending("grid", limit=5)
        wanted = [*runs[BASELINE], *runs[TREATMENT][:3]]
        assert [run.id for run in due] == [run.id for run in wanted]
        assert due[2].configuration == configuration(0)
        assert (due[2].host, due[2].seed, due[2].attempt, due[2].failures) == (0, 1, 0, 0)
        assert len(store.dispatch.next_pending("grid", limit=1)) == 1

    def test_only_a_pending_run_starts(self, store: AuditStore) -> None:
        run = begin(store)[TREATMENT][0]
        assert store.dispatch.start(run.id, owner=OWNER, worker="worker-3") == 1
        found = store.runs.get(run.id)
        assert (found.state, found.worker, found.attempt) == ("running", "worker-3", 1)
        assert found.started_at is not None
        with pytest.raises(RunStateError, match="is running; only a pending run can start"):
            store.dispatch.start(run.id, owner=OWNER, worker="w")

    def test_a_failure_with_a_retry_is_due_again(self, store: AuditStore) -> None:
        run = begin(store)[TREATMENT][0]
        found = fail(store, run, "worker died", retry=True)
        assert (found.state, found.attempt, found.failures) == ("pending", 1, 1)
        assert found.error == "worker died"
        assert complete(store, run, 3).error is None
        assert store.runs.get(run.id).attempt == 2

    def test_a_failure_told_twice_counts_once(self, store: AuditStore) -> None:
        run = begin(store)[TREATMENT][0]
        fail(store, run, "boom")
        store.dispatch.fail(run.id, owner=OWNER, attempt=1, error="boom", retry=False)
        assert store.runs.get(run.id).failures == 1
        with pytest.raises(RunStateError, match="attempt 1 is over"):
            store.dispatch.fail(run.id, owner=OWNER, attempt=1, error="else", retry=False)

    def test_any_error_text_is_kept(self, store: AuditStore) -> None:
        run = begin(store)[TREATMENT][0]
        text = "naïve 大 🙂\nline two\t'quoted' \"too\" %s {} \\"
        assert fail(store, run, text + "\0 \ud83d").error == text + "\N{REPLACEMENT CHARACTER} ?"
        assert store.events.after("grid")[-1].payload["error"].startswith(text)

    def test_an_old_attempt_cannot_finish(self, store: AuditStore) -> None:
        run = begin(store)[TREATMENT][0]
        fail(store, run, retry=True)
        store.dispatch.start(run.id, owner=OWNER, worker="w")
        with pytest.raises(RunStateError, match="running in attempt 2; attempt 1 is over"):
            store.results.finish(run.id, owner=OWNER, attempt=1, outcome=outcome(1))
        assert store.runs.get(run.id).cells == {}

    def test_a_failed_baseline_fails_what_waits_for_it(self, store: AuditStore) -> None:
        runs = begin(store, configurations=2, seeds=(1, 2))
        running = runs[TREATMENT][0]
        store.dispatch.start(running.id, owner=OWNER, worker="w")
        baseline = fail(store, runs[BASELINE][0], "no weights")
        ids = store.dispatch.fail_dependents(baseline.id, owner=OWNER)
        waiting = [r for r in runs[TREATMENT] if r.seed == 1 and r.id != running.id]
        assert ids == [run.id for run in waiting]
        assert store.runs.get(ids[0]).error == f"baseline {baseline.id} failed: no weights"
        assert store.runs.get(running.id).state == "running"
        assert store.studies.status("grid").runs.failed == 1
        with pytest.raises(RunStateError, match="is a pending baseline"):
            store.dispatch.fail_dependents(runs[BASELINE][1].id, owner=OWNER)

    def test_failed_runs_are_queued_again_with_a_fresh_budget(self, store: AuditStore) -> None:
        runs = begin(store)
        complete(store, runs[BASELINE][0], 5)
        run = runs[TREATMENT][1]
        fail(store, run, retry=True)
        fail(store, run)
        key = TrialKey(0, run.configuration_id or "")
        store.trials.assign("grid", owner=OWNER, numbers={key: 7})
        store.trials.mark_told("grid", owner=OWNER, numbers={key: 7})
        assert store.dispatch.requeue_failed("grid", owner=OWNER) == [run.id]
        found = store.runs.get(run.id)
        assert (found.state, found.failures, found.attempt) == ("pending", 0, 2)
        assert (found.error, found.trial_number) == (None, None)
        complete(store, run, 5)
        assert [trial.key for trial in store.trials.ended("grid")] == [key]
