"""Runs of two processes on a real Ray: one process's results, and what becomes of their faults."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from driving_here import driving_here
from patience import wait_until
from small_suite import small_host

from search.driving.audits import Engine, drive, launch
from search.driving.pool import Died, Event, Failed, Trained, WorkerPool
from search.driving.run_executors import make_run_executor
from search.errors import EngineError, StudyFileError
from search.study.file import parse_study
from search.study.keys import Resources, StudyFile
from search.study.plan import resolve
from storage import AuditStore
from workers.job.jobs import AdapterSpec, RunJob
from workers.suites.registry import get_suite

LORA = AdapterSpec("lora", 8, 16, ("q_proj", "v_proj"))
TRAINING = {"max_steps": 4, "batch_size": 4, "gradient_accumulation": 2, "num_examples": 64}
TWO = Resources(workers=1, processes_per_run=2)


def study(*, processes: int, host: dict[str, Any] | None = None, **resources: Any) -> StudyFile:
    return parse_study(
        {
            "name": f"by-{processes}",
            **(host or {}),
            "axes": {"slots": [2], "gradient_scale": [50]},
            "training": TRAINING,
            "resources": {"processes_per_run": processes, "workers": processes, **resources},
        }
    )


def test_a_study_of_two_processes_a_run_ends_as_one_processs_does(
    store: AuditStore, tmp_path: Path, ray_address: str
) -> None:
    """Two workers of two processes fill the four CPUs: neither waits for the other's places."""
    losses: dict[int, list[tuple[float, ...]]] = {}
    host = small_host(tmp_path, "tiny_choice")
    for processes, place in ((1, driving_here()), (2, nullcontext())):
        file = study(processes=processes, host=host)
        launch(store, file, artifact_url=str(tmp_path / "artifacts"))
        name = f"by-{processes}"
        with place:
            assert drive(store, name, engine=Engine(ray_address=ray_address)) == "completed"
        runs = sorted(store.runs.iterate(name), key=lambda run: run.kind)
        assert [run.kind for run in runs] == ["baseline", "treatment"]
        assert [run.failures for run in runs] == [0, 0]
        assert all(run.cells["tiny_choice"].n_items == 16 for run in runs)
        losses[processes] = [store.runs.losses(run.id) for run in runs]
        (provenance,) = store.studies.provenance(name)
        assert provenance.data.get("processes", 1) == processes

    for alone, together in zip(losses[1], losses[2], strict=True):
        assert together == pytest.approx(alone, rel=1e-5)
        assert len(together) == 4
    assert losses[2][0] != losses[2][1]


def job(tmp_path: Path, **training: Any) -> RunJob:
    return RunJob(
        key="run",
        backbone="tiny-qwen3",
        adapter=LORA,
        configuration=None,
        block={},
        seed=42,
        recipe=get_suite("tiny").recipe.replace(**TRAINING | training),
        suite="tiny",
        benchmarks=(),
        artifact_url=str(tmp_path),
    )


def test_faults_of_one_process_are_the_runs(ray_address: str, tmp_path: Path) -> None:
    make_executor = partial(make_run_executor, TWO)
    with WorkerPool(TWO, make_executor=make_executor, address=ray_address) as pool:

        def done(asked: RunJob) -> Event:
            while not pool.idle:
                pool.wait(timeout_s=60)
            pool.submit(0, asked)
            events: list[Event] = []
            while pool.busy:
                events += pool.wait(timeout_s=60)
            return events[-1]

        assert isinstance(done(job(tmp_path)), Trained)
        (helper,) = processes_called("TrainingPeer")
        diverged = done(job(tmp_path, max_steps=1, learning_rate=1e39, warmup_ratio=0.0))
        assert isinstance(diverged, Failed)
        assert "is not finite after the last step" in diverged.message
        wrong = done(replace(job(tmp_path), adapter=replace(LORA, target_modules=("nowhere",))))
        assert isinstance(wrong, Failed)
        assert wrong.message.startswith("adapter.target_modules names 'nowhere'")
        assert isinstance(done(job(tmp_path)), Trained)
        # Errors of ours leave both processes fit to go on.
        assert processes_called("TrainingPeer") == [helper]

        for name, message in (
            ("TrainingPeer", "training process 1 died: "),
            ("RayWorker", "the worker died: "),
        ):
            (victim,) = processes_called(name)
            killer = threading.Thread(target=kill_in_mid_training, args=(victim,))
            killer.start()
            died = done(job(tmp_path, max_steps=60))
            killer.join()
            assert isinstance(died, Died)
            assert died.message.startswith(message)
            assert isinstance(done(job(tmp_path)), Trained)
            assert victim not in processes_called(name)
    wait_until(lambda: processes_called("TrainingPeer") == [])


def processes_called(name: str) -> list[int]:
    """Process ids of the actors of a class in this test's Ray."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            found += [process.pid] if f"ray::{name}" in " ".join(process.cmdline()) else []
        except psutil.Error:  # gone by now
            continue
    return found


def kill_in_mid_training(pid: int) -> None:
    """A process that has computed for a second since it was given the run is at its steps."""
    process = psutil.Process(pid)
    before = process.cpu_times().user
    wait_until(lambda: process.cpu_times().user > before + 1)
    os.kill(pid, signal.SIGKILL)


def test_a_run_of_more_processes_than_the_nodes_hold_is_refused(ray_address: str) -> None:
    resources = Resources(processes_per_run=3, cpus_per_run=2)
    sentence = "3 processes of 2 CPU and 0 GPU each, and all Ray nodes together hold 2"
    with pytest.raises(EngineError, match=sentence):
        WorkerPool(
            resources, make_executor=partial(make_run_executor, resources), address=ray_address
        )


def test_what_processes_cannot_share_is_refused() -> None:
    with pytest.raises(StudyFileError, match=r"gradient_accumulation 2; allowed .* 1, 2$"):
        resolve(study(processes=4))
    with pytest.raises(StudyFileError, match=r"gpus_per_run: 0\.5 is not allowed with"):
        study(processes=2, gpus_per_run=0.5)


def test_the_number_of_processes_is_part_of_what_a_study_is() -> None:
    written = study(processes=1)
    unwritten = parse_study({**written.spec, "resources": {"workers": 2}})

    assert unwritten.spec_hash == written.spec_hash
    assert study(processes=2).model_copy(update={"name": "by-1"}).spec_hash != written.spec_hash
