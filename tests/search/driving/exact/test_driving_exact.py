"""Studies with ``verdicts: exact``, driven: verdicts of full evaluation, fewer items."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from expected_cells import BENCHMARKS, assert_measured, deltas
from optuna.trial import TrialState
from scripted_executor import ITEMS, Script, outcomes_of

from search.driving.audits import Engine, drive, launch
from search.driving.optuna_record import open_optuna_storage
from search.driving.progress import Progress, RunNote
from search.study.file import parse_study
from storage import AuditStore, Run, RunFilter

Scripted = Callable[..., tuple[Engine, Script]]
AXES = {"layer": [0, 1, 2], "slots": [1, 2, 3, 4]}


def put_on_record(store: AuditStore, **keys: Any) -> None:
    content = {
        "name": "scripted",
        "benchmarks": list(BENCHMARKS),
        "axes": AXES,
        "verdicts": "exact",
        **keys,
    }
    launch(store, parse_study(content), artifact_url="artifacts")


def treatments(store: AuditStore) -> list[Run]:
    return list(store.runs.iterate("scripted", RunFilter(kind="treatment")))


def assert_decided(store: AuditStore, run: Run) -> None:
    """Hold a run to its outcomes: verdict, cells in full, bounds of the others."""
    assert run.configuration is not None
    expected = deltas(run.configuration, seed=run.seed)
    assert run.g1 == all(value >= 0 for value in expected.values())
    if run.g1:
        assert_measured(run)
    assert {*run.cells, *run.bounds} == set(BENCHMARKS)
    assert run.ended_early == bool(run.bounds)
    for name, cell in run.cells.items():
        assert cell.delta == float(expected[name])
    for name, bound in run.bounds.items():
        low, high = bound.delta
        assert low <= float(expected[name]) <= high
        answers = store.runs.answers(run.id).get(name, {})
        truth = outcomes_of(run.configuration, seed=run.seed, benchmark=name)
        assert answers == {item: truth[item] for item in answers}
        assert len(answers) == bound.n_evaluated < ITEMS
    if not run.g1:
        lost = [cell.delta for cell in run.cells.values() if (cell.delta or 0) < 0]
        lost += [bound.delta[1] for bound in run.bounds.values() if bound.delta[1] < 0]
        assert len(lost) == 1  # it ended there


def num_evaluated(run: Run) -> int:
    return ITEMS * len(run.cells) + sum(bound.n_evaluated for bound in run.bounds.values())


@pytest.fixture
def quick_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.driving.driver.HEARTBEAT_S", 0.05)


def test_every_verdict_is_that_of_full_evaluation(store: AuditStore, scripted: Scripted) -> None:
    put_on_record(store, seeds=[1, 2], null_runs={"seed": 2, "sham": 2}, resources={"workers": 3})
    notes: list[RunNote] = []
    engine, _ = scripted(step_s=0.02)

    def watch(progress: Progress, note: RunNote | None) -> None:
        notes.extend([note] if note else [])

    assert drive(store, "scripted", engine=engine, observer=watch) == "completed"

    runs = treatments(store)
    assert len(runs) == 24
    for run in runs:
        assert_decided(store, run)
    assert 0 < sum(bool(run.g1) for run in runs) < len(runs)
    assert sum(map(num_evaluated, runs)) < 0.8 * len(runs) * len(BENCHMARKS) * ITEMS
    for run in store.runs.iterate("scripted"):
        if run.kind != "treatment":
            assert (set(run.cells), run.bounds) == (set(BENCHMARKS), {})
    # A treatment is trained at once, and is asked nothing before its baseline is done.
    order = [(note.kind, note.run_id) for note in notes]
    baselines = {
        run.seed: run.id for run in store.runs.iterate("scripted", RunFilter(kind="baseline"))
    }
    for run in runs:
        done = order.index(("finished", baselines[run.seed]))
        assert order.index(("scored", run.id)) > done
    began = [order.index(("started", run.id)) for run in runs]
    assert min(began) < min(order.index(("finished", run_id)) for run_id in baselines.values())
    told = [note.text for note in notes if note.kind == "scored"]
    assert any(text.endswith(f"of {ITEMS} items") and "lost after" in text for text in told)


def test_stopped_and_gone_on_with_it_ends_the_same(
    store: AuditStore, scripted: Scripted, quick_heartbeat: None
) -> None:
    put_on_record(store, resources={"workers": 2})

    def stop_after_four(progress: Progress, note: RunNote | None) -> None:
        if note and note.kind == "finished" and progress.scored == 4:
            store.studies.stop("scripted")
            time.sleep(0.1)

    engine, _ = scripted(kills={2: 1})
    assert drive(store, "scripted", engine=engine, observer=stop_after_four) == "stopped"
    before = {run.id: run for run in treatments(store) if run.state == "completed"}
    assert 4 <= len(before) < 12
    assert drive(store, "scripted", engine=engine) == "completed"
    for run in treatments(store):
        assert_decided(store, run)
        assert before.get(run.id, run) == run


def test_without_its_baseline_what_waits_fails(store: AuditStore, scripted: Scripted) -> None:
    put_on_record(store, resources={"workers": 2})
    engine, script = scripted(diverges=frozenset({0}), step_s=0.05)
    assert drive(store, "scripted", engine=engine) == "failed"
    assert {run.state for run in treatments(store)} == {"failed"}
    assert len(script.begun()) == 2  # one was trained meanwhile
    assert script.drafts() == []  # and was asked nothing

    engine, _ = scripted()
    assert drive(store, "scripted", engine=engine) == "completed"
    for run in treatments(store):
        assert_decided(store, run)


def test_tpe_is_told_by_how_much_a_trial_is_infeasible_at_least(
    store: AuditStore, scripted: Scripted
) -> None:
    put_on_record(store, design={"sampler": "tpe", "max_runs": 12}, resources={"workers": 1})
    engine, _ = scripted()
    assert drive(store, "scripted", engine=engine) == "completed"
    study = optuna.load_study(
        study_name="scripted/tiny-qwen3/lora-r8",
        storage=open_optuna_storage(store.sibling_url("optuna")),
    )
    runs = {run.configuration_id: run for run in treatments(store)}
    assert len(runs) == 12
    told = [trial for trial in study.trials if trial.state != TrialState.FAIL]
    assert {trial.user_attrs["configuration_id"] for trial in told} == set(runs)
    for trial in told:
        run = runs[trial.user_attrs["configuration_id"]]
        assert_decided(store, run)
        known = {name: -(cell.delta or 0.0) for name, cell in run.cells.items()}
        known |= {n: -bound.delta[1] for n, bound in run.bounds.items() if bound.delta[1] < 0}
        assert trial.constraints == known
        assert (max(trial.constraints.values()) <= 0) == run.g1
        if run.ended_early:
            assert (trial.state, trial.values) == (TrialState.PRUNED, None)
        else:
            assert (trial.state, trial.value) == (TrialState.COMPLETE, run.mean_delta)
    assert {trial.state for trial in told} == {TrialState.PRUNED, TrialState.COMPLETE}
