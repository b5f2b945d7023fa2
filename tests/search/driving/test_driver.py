"""Driving whole studies with scripted workers: faults, verdicts, Optuna's record."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from expected_cells import BENCHMARKS, assert_measured, deltas, mean
from optuna.trial import TrialState
from same_words import LORA
from scripted_executor import BASELINE, Script
from shallow_backbone import two_blocks

from search.driving.audits import Engine, drive, launch
from search.driving.optuna_record import open_optuna_storage
from search.driving.progress import Progress, RunNote
from search.study.file import parse_study
from search.study.keys import StudyFile
from storage import AuditStore, Run, RunFilter

Scripted = Callable[..., tuple[Engine, Script]]


def put_on_record(store: AuditStore, **keys: Any) -> StudyFile:
    file = parse_study({"name": "scripted", "benchmarks": list(BENCHMARKS), **keys})
    launch(store, file, artifact_url="artifacts")
    return file


def by_slots(store: AuditStore) -> dict[int, Run]:
    runs = store.runs.iterate("scripted")
    return {run.configuration["slots"] if run.configuration else BASELINE: run for run in runs}


def optuna_study(store: AuditStore, adapter: str = "lora-r8") -> optuna.Study:
    return optuna.load_study(
        study_name=f"scripted/tiny-qwen3/{adapter}",
        storage=open_optuna_storage(store.sibling_url("optuna")),
    )


class Watcher:
    """Keeps what a driver tells."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []
        self.notes: list[RunNote] = []

    def __call__(self, progress: Progress, note: RunNote | None) -> None:
        self.progress.append(progress)
        if note:
            self.notes.append(note)

    def count(self, kind: str) -> int:
        return sum(note.kind == kind for note in self.notes)


def test_faults_stay_with_their_runs_and_resuming_mends_them(
    store: AuditStore, scripted_on_ray: Scripted
) -> None:
    engine, script = scripted_on_ray(
        diverges=frozenset({3}),
        breaks_scoring=frozenset({4}),
        kills={5: 1, 6: 3},
        exits={7: 1},
    )
    put_on_record(store, axes={"slots": [1, 2, 3, 4, 5, 6, 7]})
    watcher = Watcher()
    assert drive(store, "scripted", engine=engine, observer=watcher) == "completed"

    runs = by_slots(store)
    errors = {
        3: "the loss is nan at step 3; allowed: a finite number",
        4: "ValueError: no such item",
    }
    for slots, error in errors.items():
        assert (runs[slots].state, runs[slots].error) == ("failed", error)
        assert (runs[slots].attempt, runs[slots].cells) == (1, {})
    assert runs[6].state == "failed"
    assert (runs[6].attempt, runs[6].failures) == (3, 3)
    assert (runs[6].error or "").startswith("the worker died: ")
    assert (runs[6].error or "").endswith("(3 times; the run is given up)")
    for slots, attempt in {1: 1, 2: 1, 5: 2, 7: 2}.items():
        assert (runs[slots].state, runs[slots].attempt) == ("completed", attempt)
        assert_measured(runs[slots])
    begun = Counter(script.begun())
    assert {slots: begun[run.id] for slots, run in runs.items()} == {
        **dict.fromkeys([BASELINE, 1, 2, 3, 4], 1),
        **{5: 2, 6: 3, 7: 2},
    }
    # Begun beside its baseline, it may end its training first and meet the baseline later.
    assert runs[1].compute_s - 2 * 0.5 in (0.25, 0.25 + 0.25)
    assert store.runs.losses(runs[1].id) == pytest.approx((2.0, 1.042))

    last, verdicts = watcher.progress[-1], [run.g1 for run in runs.values() if run.g1 is not None]
    assert (last.done, last.total, last.failed, last.running) == (8, 8, 3, 0)
    assert (last.scored, last.g1) == (4, sum(verdicts))
    assert (watcher.count("finished"), watcher.count("failed")) == (5, 3)
    assert watcher.count("retried") == 1 + 2 + 1  # slots 5, 6 and 7
    assert watcher.count("started") == 5 + 3 + 4
    states = Counter(trial.state for trial in optuna_study(store).trials)
    assert states == {TrialState.COMPLETE: 4, TrialState.FAIL: 3}

    # Mended, the same study: what is finished is not run again, what failed is.
    engine, script = scripted_on_ray()
    already = len(script.begun())
    assert drive(store, "scripted", engine=engine) == "completed"
    again = by_slots(store)
    assert sorted(script.begun()[already:]) == sorted(again[slots].id for slots in (3, 4, 6))
    assert {run.state for run in again.values()} == {"completed"}
    for slots in range(1, 8):
        assert_measured(again[slots])
    assert all(again[slots] == runs[slots] for slots in (1, 2, 5, 7))
    complete = optuna_study(store).get_trials(states=(TrialState.COMPLETE,))
    assert len({trial.user_attrs["configuration_id"] for trial in complete}) == 7
    for run in again.values():
        if run.kind == "treatment":
            trial = optuna_study(store).trials[run.trial_number or 0]
            assert trial.user_attrs["configuration_id"] == run.configuration_id
            assert trial.value == run.mean_delta

    # A finished study starts no worker at all.
    nowhere = Engine(ray_address="127.0.0.1:1", make_executor=script)
    assert drive(store, "scripted", engine=nowhere) == "completed"


def test_without_its_baseline_no_treatment_runs(store: AuditStore, scripted: Scripted) -> None:
    engine, script = scripted(diverges=frozenset({BASELINE}))
    put_on_record(store, axes={"slots": [1, 2, 3]}, resources={"workers": 1})
    watcher = Watcher()
    assert drive(store, "scripted", engine=engine, observer=watcher) == "failed"
    runs = by_slots(store)
    assert {run.state for run in runs.values()} == {"failed"}
    for slots in (1, 2, 3):
        assert runs[slots].error == f"baseline {runs[0].id} failed: {runs[0].error}"
        assert runs[slots].attempt == 0
    assert script.begun() == [runs[0].id]
    assert (watcher.progress[-1].done, watcher.progress[-1].failed) == (4, 4)

    engine, script = scripted()
    assert drive(store, "scripted", engine=engine) == "completed"
    for slots in (1, 2, 3):
        assert_measured(by_slots(store)[slots])


def test_a_trial_is_its_mean_and_its_worst_over_seeds(
    store: AuditStore, scripted: Scripted
) -> None:
    engine, _ = scripted()
    put_on_record(
        store,
        adapters=[LORA, {**LORA, "alpha": 32}],
        seeds=[1, 2, 3],
        axes={"layer": ["50%"], "slots": [1, 2, 3, 4]},
        resources={"workers": 3, "cpus_per_run": 2},  # the cluster holds two of them
    )
    assert drive(store, "scripted", engine=engine) == "completed"
    treatments = list(store.runs.iterate("scripted", RunFilter(kind="treatment")))
    keys = {(run.adapter, run.configuration_id, run.seed) for run in treatments}
    assert len(treatments) == len(keys) == 2 * 4 * 3
    for run in treatments:
        assert_measured(run)
        assert run.configuration is not None
        assert run.configuration["layer"] == 3
    for adapter in ("lora-r8-a16", "lora-r8-a32"):
        trials = optuna_study(store, adapter).trials
        assert len(trials) == 4
        for trial in trials:
            same = [
                run
                for run in treatments
                if run.adapter == adapter
                and run.configuration_id == trial.user_attrs["configuration_id"]
            ]
            assert {run.trial_number for run in same} == {trial.number}
            over_seeds = [deltas(same[0].configuration or {}, seed=seed) for seed in (1, 2, 3)]
            objective = mean(mean(values.values()) for values in over_seeds)
            assert trial.value == pytest.approx(float(objective), abs=1e-12)
            assert trial.constraints == {
                name: -float(min(values[name] for values in over_seeds)) for name in BENCHMARKS
            }


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_an_adaptive_study_goes_on_where_it_was_stopped(
    store: AuditStore, scripted: Scripted, monkeypatch: pytest.MonkeyPatch, sampler: str
) -> None:
    monkeypatch.setattr("search.driving.driver.HEARTBEAT_S", 0.05)
    put_on_record(
        store,
        axes={"layer": [0, 1, 2], "slots": [1, 2, 3]},
        design={"sampler": sampler, "max_runs": 8},
        resources={"workers": 1},
    )

    def stop_after_three(progress: Progress, note: RunNote | None) -> None:
        if note and note.kind == "finished" and progress.scored == 3:
            store.studies.stop("scripted")
            time.sleep(0.1)  # the next heartbeat is due

    engine, script = scripted()
    # With one worker nothing is pending or running at that moment, and yet it is not over.
    assert drive(store, "scripted", engine=engine, observer=stop_after_three) == "stopped"
    assert store.studies.status("scripted").runs.completed == 3
    assert drive(store, "scripted", engine=engine) == "completed"
    treatments = list(store.runs.iterate("scripted", RunFilter(kind="treatment")))
    assert len(treatments) == len({run.configuration_id for run in treatments}) == 8
    assert sorted(script.begun()) == sorted(run.id for run in store.runs.iterate("scripted"))
    for run in treatments:
        assert_measured(run)
    study = optuna_study(store)
    complete = study.get_trials(states=(TrialState.COMPLETE,))
    assert {trial.number: trial.value for trial in complete} == {
        run.trial_number: run.mean_delta for run in treatments
    }
    assert not study.get_trials(states=(TrialState.RUNNING, TrialState.WAITING))


def test_an_adaptive_study_goes_on_when_one_host_has_no_point_left(
    store: AuditStore, scripted: Scripted, tmp_path: Path
) -> None:
    shallow = two_blocks(tmp_path / "two-blocks")
    put_on_record(
        store,
        backbones=[shallow, "tiny-qwen3"],
        axes={"layer": ["0%", "25%", "50%", "75%"]},  # 0, 0, 1, 1 of two blocks, 0, 1, 3, 4 of six
        design={"sampler": "tpe", "max_runs": 10},
        resources={"workers": 1},
    )
    engine, _ = scripted()
    assert drive(store, "scripted", engine=engine) == "completed"
    treatments = store.runs.iterate("scripted", RunFilter(kind="treatment"))
    assert Counter(run.backbone for run in treatments) == {shallow: 2, "tiny-qwen3": 4}
