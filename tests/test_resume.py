"""A study that is killed in every way ends as one that was left alone, bit for bit.

The killed one is real: the command line, Ray, a small backbone, training, SQLite, kill -9. The one
left alone is driven in this process, so that a Ray's runs are held to a plain process's too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from driving_here import driving_here
from patience import output_of, wait_until
from small_suite import small_host
from talan_command import Terminal

from storage import AuditStore

TALAN = Path(sys.executable).with_name("talan")
STUDY = {
    "name": "resumed",
    "axes": {
        "layer": [0, 1],
        "slots": [2],
        "mixer": ["multihead_local", "cross_attn", "gated_cross_attn", "per_token_mix"],
        "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.3}],
    },
    "training": {"max_steps": 20},
    "resources": {"workers": 2},
}
NUM_RUNS = 9  # eight configurations and their baseline


class Session(Terminal):
    """A working folder with a study, as a person at a terminal has it."""

    def __init__(self, folder: Path, host: dict[str, Any]) -> None:
        folder.mkdir()
        super().__init__(folder)
        (folder / "study.yaml").write_text(yaml.safe_dump({**STUDY, **host}))
        self._started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        process = subprocess.Popen(
            [str(TALAN), *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, "TALAN_STORAGE": "", "TALAN_ARTIFACTS": ""} | {"COLUMNS": "120"},
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        """Leave no process behind, however a test ends."""
        for process in self._started:
            if process.poll() is None:
                kill_all(family_of(process))

    def finished(self) -> dict[str, int]:
        """Attempts of the runs that are completed."""
        with AuditStore.open(f"sqlite:///{self.folder}/talan.db") as store:
            return {
                run.id: run.attempt
                for run in store.runs.iterate("resumed")
                if run.state == "completed"
            }

    def record(self) -> dict[str, object]:
        """All that a study measured: outcomes, losses, and the hashes of its artifacts."""
        measured: dict[str, object] = {}
        with AuditStore.open(f"sqlite:///{self.folder}/talan.db") as store:
            for run in store.runs.iterate("resumed"):
                measured[run.id] = {
                    "state": run.state,
                    "g1": run.g1,
                    "losses": store.runs.losses(run.id),
                    "checkpoint": run.checkpoint_artifact,
                    "cells": {
                        name: (
                            cell.delta,
                            cell.responses_artifact,
                            store.runs.outcomes(run.id, name),
                        )
                        for name, cell in run.cells.items()
                    },
                }
        return measured


def completed(session: Session, process: subprocess.Popen[str], *, at_least: int) -> bool:
    """Whether so many runs are over, while the driver is still at it."""
    assert process.poll() is None, process.communicate()[0]
    return (session.folder / "talan.db").exists() and len(_finished(session)) >= at_least


def _finished(session: Session) -> dict[str, int]:
    try:
        return session.finished()
    except Exception:  # the driver is only just making the tables
        return {}


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The Ray actors that a driver started."""
    family = psutil.Process(process.pid).children(recursive=True)
    return [child for child in family if "RayWorker" in _title(child)]


def wait_until_in_mid_run(process: subprocess.Popen[str]) -> None:
    """Wait until a worker has a run in hand: Ray titles a worker with what it does."""

    def is_in_mid_run() -> bool:
        assert process.poll() is None, process.communicate()[0]
        titles = " ".join(map(_title, workers_of(process)))
        return "RayWorker.begin" in titles or "RayWorker.evaluate" in titles

    wait_until(is_in_mid_run, pause_s=0.2)  # a look at all processes is dear


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it ended meanwhile
        return ""


def family_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """A driver with everything it started."""
    driver = psutil.Process(process.pid)
    return [driver, *driver.children(recursive=True)]


def kill_all(processes: list[psutil.Process]) -> None:
    """Kill processes with -9; some end by themselves meanwhile."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The suite and the backbone, as a study names them."""
    return small_host(tmp_path_factory.mktemp("host"), "tiny_choice", "tiny_code")


@pytest.fixture(scope="module")
def uninterrupted(host: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The study, left alone."""
    session = Session(tmp_path_factory.mktemp("whole") / "study", host)
    with driving_here():
        session("study", "run", "study.yaml")
    return session


@pytest.fixture
def session(host: dict[str, Any], tmp_path: Path) -> Iterator[Session]:
    """The study, to be killed."""
    session = Session(tmp_path / "study", host)
    yield session
    session.end()


def test_killed_in_every_way_and_resumed_equals_uninterrupted(
    uninterrupted: Session, session: Session
) -> None:
    process = session.start("study", "run", "study.yaml")
    wait_until(lambda: completed(session, process, at_least=1), pause_s=0.3)
    os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches the whole group
    output = output_of(process)
    assert process.returncode == 130, output
    assert "talan study resume resumed" in output
    after_interrupt = session.finished()

    process = session.start("study", "resume", "resumed")
    more = len(after_interrupt) + 1
    wait_until(lambda: completed(session, process, at_least=more), pause_s=0.3)
    process.kill()  # the driver alone
    process.wait()
    after_kill = session.finished()
    assert after_interrupt.items() <= after_kill.items(), "a finished run was run again"

    process = session.start("study", "resume", "resumed")
    wait_until_in_mid_run(process)
    kill_all(family_of(process))  # driver, Ray and workers at once
    process.wait()

    process = session.start("study", "resume", "resumed")
    wait_until_in_mid_run(process)
    workers_of(process)[0].kill()
    output = output_of(process)
    assert process.returncode == 0, output
    assert after_kill.items() <= session.finished().items(), "a finished run was run again"

    record = session.record()
    assert len(record) == NUM_RUNS
    assert record == uninterrupted.record()


def test_a_finished_study_is_shown_and_not_run_again(uninterrupted: Session) -> None:
    before = uninterrupted.finished()
    assert "completed" in uninterrupted("study", "run", "study.yaml")
    assert uninterrupted.finished() == before

    study = (uninterrupted.folder / "study.yaml").read_text()
    other = study.replace("max_steps: 20", "max_steps: 21")
    (uninterrupted.folder / "other.yaml").write_text(other)
    answer = uninterrupted.call("study", "run", "other.yaml")
    assert answer.code == 2
    assert "resumed" in answer.err
    assert "another specification" in answer.err


def test_the_command_line_answers_in_the_promised_shapes(uninterrupted: Session) -> None:
    status = uninterrupted.json("study", "status", "resumed")
    assert status == {
        "name": "resumed",
        "state": "completed",
        "runs": {"total": 8, "completed": 8, "running": 0, "failed": 0, "pending": 0},
        "baselines": {"total": 1, "completed": 1, "running": 0, "failed": 0, "pending": 0},
        "g1": status["g1"],
    }
    runs = uninterrupted.json("runs", "resumed")
    g1 = sum(bool(run["g1"]) for run in runs)
    words = [run["verdict"] for run in runs if run["kind"] == "treatment"]
    split = {word: words.count(word) for word in ("strict", "tied", "inert")}
    assert status["g1"] == {"count": g1, "rate": g1 / 8, **split}
    assert sum(split.values()) == g1
    for run in runs:
        for cell in run["cells"].values():
            assert cell["score"] == 100 * cell["n_correct"] / cell["n_items"]
            if run["kind"] == "treatment":
                assert cell["delta"] == pytest.approx(cell["score"] - cell["baseline_score"])
