"""Optuna is kept level with the record, whatever a driver that died left between the two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from same_words import OWNER

from search.driving.audits import launch
from search.driving.optuna_record import open_optuna_storage
from search.driving.trials import Trials
from search.study.file import parse_study
from search.study.plan import resolve
from storage import AuditStore, CellOutcome, RunFilter, RunOutcome

AXES = {"slots": [1, 2, 3], "trainability": [{"scope": "all"}, {"scope": "frozen"}]}


@pytest.fixture
def both(storage_url: str) -> Iterator[AuditStore]:
    """An empty record, on SQLite and on Postgres."""
    with AuditStore.open(storage_url) as opened:
        yield opened


def begin(store: AuditStore, **design: Any) -> Trials:
    """Launch a study, take its lease, and stand where a driver starts."""
    file = parse_study({"name": "told", "axes": AXES, "design": design, "seeds": [1, 2]})
    launch(store, file, artifact_url="artifacts")
    store.leases.acquire("told", owner=OWNER, ttl_s=60)
    return reopened(store)


def reopened(store: AuditStore) -> Trials:
    """The trials as the next driver finds them."""
    audit = resolve(parse_study(store.studies.get("told").spec))
    return Trials(store, audit, owner=OWNER)


def optuna_study(store: AuditStore) -> optuna.Study:
    return optuna.load_study(
        study_name="told/tiny-qwen3/lora-r8",
        storage=open_optuna_storage(store.sibling_url("optuna")),
    )


def do(store: AuditStore, run_id: str, correct: int | None) -> None:
    """Complete a run with so many right answers of ten, or fail it."""
    attempt = store.dispatch.start(run_id, owner=OWNER, worker="w")
    if correct is None:
        store.dispatch.fail(run_id, owner=OWNER, attempt=attempt, error="broken", retry=False)
        return
    cell = CellOutcome("tiny_code", [item < correct for item in range(10)], "responses", 1.0)
    outcome = RunOutcome([cell], (1.0,), None, 1.0, {})
    store.results.finish(run_id, owner=OWNER, attempt=attempt, outcome=outcome)


def do_baselines(store: AuditStore) -> None:
    for run in store.runs.iterate("told", RunFilter(kind="baseline")):
        do(store, run.id, 5)


def test_what_ended_untold_is_told_once(both: AuditStore) -> None:
    trials = begin(both, sampler="grid", max_runs=6)
    do_baselines(both)
    due = both.dispatch.next_pending("told", limit=99)
    first, second, third = due[0:2], due[2:4], due[4:6]
    for run, correct in zip(first, (7, 4), strict=True):  # +20 and -10 pp
        do(both, run.id, correct)
    do(both, second[0].id, 6)
    do(both, second[1].id, None)
    do(both, third[0].id, 9)  # its other seed is not done
    trials.reconcile()
    reopened(both).reconcile()
    study = optuna_study(both)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE, TrialState.FAIL]
    told = study.trials[0]
    assert told.user_attrs["configuration_id"] == first[0].configuration_id
    assert told.value == pytest.approx(5.0)
    assert told.constraints == {"tiny_code": 10.0}
    numbers = {run.id: run.trial_number for run in both.runs.iterate("told")}
    assert [numbers[run.id] for run in due] == [0, 0, 1, 1, None, None]


def test_told_but_not_marked_is_not_told_twice(both: AuditStore) -> None:
    trials = begin(both, sampler="grid", max_runs=2)
    do_baselines(both)
    for run in both.dispatch.next_pending("told", limit=99):
        do(both, run.id, 5)
    (ended,) = both.trials.ended("told")
    trials._tell(ended)  # and here the driver died, before it marked the trial
    reopened(both).reconcile()
    assert len(optuna_study(both).trials) == 1
    assert both.trials.ended("told") == []


def test_what_failed_and_was_done_again_is_a_new_trial(both: AuditStore) -> None:
    trials = begin(both, sampler="tpe", max_runs=12)
    trials.reconcile()
    do_baselines(both)
    for place in range(6):
        assert trials.propose(0, position=2 + 2 * place)
    due = both.dispatch.next_pending("told", limit=99)
    for run in due:
        do(both, run.id, None)
    trials.tell_ended()
    both.dispatch.requeue_failed("told", owner=OWNER)
    again = reopened(both)
    again.reconcile()
    assert again.num_configurations(0) == 6
    assert again.propose(0, position=99) == []  # they are taken, though none has succeeded
    for run in due:
        do(both, run.id, 6)
    again.tell_ended()
    complete = optuna_study(both).get_trials(states=(TrialState.COMPLETE,))
    assert len(complete) == 6
    assert {trial.value for trial in complete} == {10.0}
    numbers = {run.trial_number for run in both.runs.iterate("told", RunFilter(kind="treatment"))}
    assert numbers == {trial.number for trial in complete}


def test_a_proposal_that_never_reached_the_record_is_closed(both: AuditStore) -> None:
    trials = begin(both, sampler="tpe", max_runs=12)
    trials.reconcile()
    runs = trials.propose(0, position=2)
    assert [(run.seed, run.position) for run in runs] == [(1, 2), (2, 3)]
    kept = runs[0].configuration_id
    lost = trials._hosts[0].ask(identify=lambda _: "never recorded", taken=set())
    assert lost is not None
    resumed = reopened(both)
    resumed.reconcile()
    assert resumed.num_configurations(0) == 1
    states = {trial.number: trial.state for trial in optuna_study(both).trials}
    assert states[lost[0]] == TrialState.FAIL
    (open_trial,) = (number for number, state in states.items() if state == TrialState.RUNNING)
    treatments = list(both.runs.iterate("told", RunFilter(kind="treatment")))
    assert {run.configuration_id for run in treatments} == {kept}
    assert {run.trial_number for run in treatments} == {open_trial}
