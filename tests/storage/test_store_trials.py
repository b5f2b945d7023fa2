"""Trials that ended; duties held to on both databases."""

from __future__ import annotations

import pytest
from audit_plans import (
    OWNER,
    begin,
    complete,
    configuration,
    fail,
    identity,
)

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    TrialKey,
)


class TestTrialsContract:
    def test_a_trial_ends_when_all_its_seeds_are_scored(self, store: AuditStore) -> None:
        runs = begin(store, configurations=1, seeds=(1, 2))
        key = TrialKey(0, runs[TREATMENT][0].configuration_id or "")
        store.trials.assign("grid", owner=OWNER, numbers={key: 11})
        complete(store, runs[BASELINE][0], 10, 10)
        complete(store, runs[TREATMENT][0], 12, 8)
        assert store.trials.ended("grid") == []
        complete(store, runs[TREATMENT][1], 14, 9)
        assert store.trials.ended("grid") == []  # its second baseline may still come
        complete(store, runs[BASELINE][1], 10, 10)
        (trial,) = store.trials.ended("grid")
        assert (trial.key, trial.trial_number, trial.state) == (key, 11, "completed")
        assert trial.run_ids == tuple(run.id for run in runs[TREATMENT])
        assert trial.mean_delta == pytest.approx((0.0 + 7.5) / 2)
        assert trial.worst_deltas == {"a": 10.0, "b": -10.0}
        store.trials.mark_told("grid", owner=OWNER, numbers={key: 12})
        assert store.trials.ended("grid") == []

    def test_a_trial_with_a_failed_seed_ends_as_failed(self, store: AuditStore) -> None:
        runs = begin(store, configurations=1, seeds=(1, 2))
        complete(store, runs[BASELINE][0], 10)
        complete(store, runs[TREATMENT][0], 10)
        fail(store, runs[TREATMENT][1])
        (trial,) = store.trials.ended("grid")
        assert (trial.state, trial.mean_delta, trial.worst_deltas) == ("failed", None, {})

    def test_a_trial_without_a_baseline_ends_as_failed(self, store: AuditStore) -> None:
        runs = begin(store, configurations=1)
        complete(store, runs[TREATMENT][0], 10)
        fail(store, runs[BASELINE][0])
        assert [trial.state for trial in store.trials.ended("grid")] == ["failed"]

    def test_ended_trials_come_oldest_first(self, store: AuditStore) -> None:
        runs = begin(store, configurations=4, hosts=2)
        for baseline in runs[BASELINE]:
            complete(store, baseline, 5)
        for run in reversed(runs[TREATMENT]):
            complete(store, run, 5)
        ended = store.trials.ended("grid")
        assert [t.run_ids[0] for t in ended] == [run.id for run in runs[TREATMENT]]
        assert store.trials.ended("grid", limit=3) == ended[:3]
        assert ended[1].key == TrialKey(1, identity(configuration(0)))
