"""Launching, interrupting, killing, resuming: who may drive, and what state a study is in then."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from expected_cells import BENCHMARKS, assert_measured
from scripted_executor import Script

from search.driving.audits import Engine, drive, drive_next, launch
from search.driving.heartbeats import LEASE_S
from search.driving.interruptions import SIGNALS, Interrupted, exit_code, heed_signals
from search.driving.progress import Observer, Progress, RunNote
from search.errors import EngineError, HaltedError, PlacementError, StudyBusyError, StudyFileError
from search.study.file import parse_study
from search.study.keys import StudyFile
from storage import AuditStore, LeaseLost, Run, StudyExists, StudyNotFound
from storage.lease_owner import this_process
from workers.backbones.inspection import inspect_backbone

Scripted = Callable[..., tuple[Engine, Script]]
SLOTS = list(range(1, 16))
NOWHERE = Engine(ray_address="127.0.0.1:1", make_executor=Script(folder=""))
KILLED_DRIVER = """
import os, signal, sys
sys.path.insert(0, {tests!r})
import scripted_executor
from ray import cloudpickle
from search.driving.audits import Engine, drive
from storage import AuditStore

cloudpickle.register_pickle_by_value(scripted_executor)

def kill(progress, note):
    if note and note.kind == "started" and progress.done == 4:
        os.kill(os.getpid(), signal.SIGKILL)

with AuditStore.open({url!r}) as store:
    drive(
        store,
        "audited",
        engine=Engine({address!r}, scripted_executor.Script({folder!r}, step_s=0.05)),
        observer=kill,
    )
"""


def study(**keys: Any) -> StudyFile:
    axes = {"slots": SLOTS, "mixer": ["cross_attn"]}
    return parse_study({"name": "audited", "benchmarks": list(BENCHMARKS), "axes": axes, **keys})


def finished(store: AuditStore) -> dict[str, Run]:
    return {run.id: run for run in store.runs.iterate("audited") if run.state == "completed"}


def at(num_done: int, act: Callable[[], None]) -> Observer:
    """Acts when so many runs are over."""

    def observe(progress: Progress, note: RunNote | None) -> None:
        if note and note.kind == "finished" and progress.done == num_done:
            act()

    return observe


@contextmanager
def signals_heeded() -> Iterator[None]:
    """As a driver's process heeds them, and as before afterwards."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heed_signals()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupt() -> None:
    raise KeyboardInterrupt


def assert_whole(store: AuditStore, script: Script, *, before: dict[str, Run]) -> None:
    """The study is completed, and what was finished ``before`` is as it was."""
    assert store.studies.get("audited").lease_owner is None
    runs = finished(store)
    assert len(runs) == len(SLOTS) + 1
    for run in runs.values():
        if run.kind == "treatment":
            assert_measured(run)
    assert {run_id: runs[run_id] for run_id in before} == before
    begun = Counter(script.begun())
    assert all(1 <= begun[run.id] <= run.attempt for run in runs.values())
    assert all(begun[run_id] == 1 for run_id in before)


class TestEnding:
    def test_interrupted_and_stopped_it_ends_as_if_left_alone(
        self, store: AuditStore, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("search.driving.driver.HEARTBEAT_S", 0.05)
        launch(store, study(), artifact_url="artifacts")
        engine, script = scripted()
        with pytest.raises(KeyboardInterrupt):
            drive(store, "audited", engine=engine, observer=at(3, interrupt))
        found = store.studies.get("audited")
        assert (found.state, found.lease_owner) == ("stopped", None)
        before = finished(store)
        status = store.studies.status("audited")
        assert (len(before), status.runs.running, status.runs.failed) == (3, 0, 0)

        def wish_to_stop() -> None:
            store.studies.stop("audited")
            time.sleep(0.1)  # the next heartbeat is due

        wish = at(6, wish_to_stop)
        assert drive(store, "audited", engine=engine, observer=wish) == "stopped"
        found = store.studies.get("audited")
        assert (found.state, found.lease_owner) == ("stopped", None)
        assert 6 <= len(finished(store)) <= len(SLOTS)
        assert store.studies.status("audited").runs.running == 0

        assert drive(store, "audited", engine=engine) == "completed"
        assert_whole(store, script, before=before)

    def test_terminated_while_the_database_is_locked_it_ends_and_goes_on_later(
        self,
        store: AuditStore,
        sqlite_url: str,
        scripted: Scripted,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        launch(store, study(), artifact_url="artifacts")
        engine, script = scripted()
        monkeypatch.setattr("storage.engine.BUSY_TIMEOUT_S", 1.0)
        locker = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)

        def terminate() -> None:
            locker.execute("BEGIN EXCLUSIVE")
            os.kill(os.getpid(), signal.SIGTERM)

        with (
            signals_heeded(),
            AuditStore.open(sqlite_url) as impatient,
            pytest.raises(Interrupted) as caught,
        ):
            drive(impatient, "audited", engine=engine, observer=at(3, terminate))
        assert exit_code(caught.value) == 143
        locker.execute("ROLLBACK")
        locker.close()
        before = finished(store)
        assert len(before) == 3
        assert store.studies.get("audited").state == "running"  # nobody could write otherwise
        assert drive(store, "audited", engine=engine) == "completed"
        assert_whole(store, script, before=before)

    def test_killed_it_is_taken_over_at_once(
        self, store: AuditStore, sqlite_url: str, scripted_on_ray: Scripted, tmp_path: Path
    ) -> None:
        launch(store, study(resources={"cpus_per_run": 0.5}), artifact_url="artifacts")
        engine, script = scripted_on_ray()
        code = KILLED_DRIVER.format(
            tests=str(Path(__file__).parents[1]),
            url=sqlite_url,
            address=engine.ray_address,
            folder=str(tmp_path),
        )
        killed = subprocess.run([sys.executable, "-c", code], check=False)
        assert killed.returncode == -signal.SIGKILL
        found = store.studies.get("audited")
        assert found.state == "running"
        assert found.lease_owner not in (None, this_process())
        before = finished(store)
        assert len(before) == 4
        assert store.studies.status("audited").runs.running > 0

        assert drive(store, "audited", engine=engine) == "completed"
        assert_whole(store, script, before=before)

    def test_without_its_lease_it_writes_nothing_more(
        self, store: AuditStore, scripted: Scripted
    ) -> None:
        launch(store, study(), artifact_url="artifacts")
        engine, _ = scripted()
        owner, thief = this_process(), "another-machine:1:1"

        def lose() -> None:
            store.leases.release("audited", owner=owner)
            store.leases.acquire("audited", owner=thief, ttl_s=LEASE_S)

        with pytest.raises(LeaseLost, match="another-machine:1:1 holds it now"):
            drive(store, "audited", engine=engine, observer=at(3, lose))
        found = store.studies.get("audited")
        assert (found.state, found.lease_owner) == ("running", thief)
        assert len(finished(store)) == 3

    def test_a_full_artifact_store_stops_the_study_and_fails_no_run(
        self, store: AuditStore, scripted: Scripted
    ) -> None:
        launch(store, study(), artifact_url="artifacts")
        engine, script = scripted(full_after=4)
        with pytest.raises(HaltedError, match="artifact store /a has 0 MiB left"):
            drive(store, "audited", engine=engine)
        found, status = store.studies.get("audited"), store.studies.status("audited")
        assert (found.state, found.reason) == ("stopped", "artifact store /a has 0 MiB left")
        assert (status.runs.failed, status.runs.running) == (0, 0)
        assert 3 <= len(finished(store)) <= 4
        assert len(script.begun()) <= 6  # not one after the other

    def test_without_workers_nothing_is_lost(self, store: AuditStore) -> None:
        launch(store, study(), artifact_url="artifacts")
        with pytest.raises(EngineError, match="cannot reach Ray"):
            drive(store, "audited", engine=NOWHERE)
        found = store.studies.get("audited")
        assert (found.state, found.lease_owner) == ("stopped", None)


class TestLaunch:
    def test_the_same_again_is_the_recorded_study(self, store: AuditStore) -> None:
        first = launch(store, study(), artifact_url="here")
        again = launch(store, study(resources={"workers": 7}), artifact_url="there")
        assert (first.created, again.created) == (True, False)
        assert again.artifact_url == "here"
        assert store.studies.names() == ["audited"]
        assert len(list(store.runs.iterate("audited"))) == len(SLOTS) + 1

    def test_another_study_of_that_name_is_refused(self, store: AuditStore) -> None:
        launch(store, study(), artifact_url="here")
        with pytest.raises(StudyExists, match="'audited' exists with another specification"):
            launch(store, study(seeds=[1]), artifact_url="here")
        assert {run.seed for run in store.runs.iterate("audited")} == {42}

    def test_what_does_not_exist_leaves_nothing_behind(self, store: AuditStore) -> None:
        with pytest.raises(StudyFileError, match=r"axes\.layer: 9 .*0 to 5 on tiny-qwen3"):
            launch(store, study(axes={"layer": [9]}), artifact_url="here")
        assert store.studies.names() == []


class TestWhoMayDrive:
    def test_not_while_another_machine_does(self, store: AuditStore) -> None:
        launch(store, study(), artifact_url="here")
        store.leases.acquire("audited", owner="another-machine:1:1", ttl_s=LEASE_S)
        with pytest.raises(StudyBusyError) as caught:
            drive(store, "audited", engine=NOWHERE)
        for part in ("'audited'", "another-machine:1:1", "talan study stop audited"):
            assert part in str(caught.value)
        assert store.studies.get("audited").lease_owner == "another-machine:1:1"

    def test_not_while_another_process_here_does(self, store: AuditStore) -> None:
        launch(store, study(), artifact_url="here")
        ask = (
            "from storage.lease_owner import this_process;"
            "print(this_process(), flush=True); input()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", ask], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            owner = other.stdout.readline().strip()
            store.leases.acquire("audited", owner=owner, ttl_s=LEASE_S)
            with pytest.raises(StudyBusyError, match="is being driven by"):
                drive(store, "audited", engine=NOWHERE)
            other.kill()
        # It is gone now, and its lease with it: this gets as far as looking for workers.
        with pytest.raises(EngineError):
            drive(store, "audited", engine=NOWHERE)

    def test_not_with_another_backbone_than_it_began_with(
        self, store: AuditStore, tmp_path: Path
    ) -> None:
        folder = tmp_path / "backbone"
        shutil.copytree(inspect_backbone("tiny-qwen3").source, folder)
        launch(store, study(backbones=[str(folder)]), artifact_url="here")
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 0.5}))
        with pytest.raises(StudyFileError) as caught:
            drive(store, "audited", engine=NOWHERE)
        assert f"{str(folder)!r} has changed since study 'audited' began" in str(caught.value)
        assert store.studies.get("audited").lease_owner is None

    def test_only_what_was_launched(self, store: AuditStore) -> None:
        with pytest.raises(StudyNotFound, match="there is no study 'audited'"):
            drive(store, "audited", engine=NOWHERE)


@pytest.fixture
def long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A study whose driver met an error pauses for longer than a test takes."""
    monkeypatch.setattr("storage.study_states.FIRST_PAUSE_S", 300.0)


@pytest.mark.usefixtures("long_pauses")
class TestDriveNext:
    def test_a_driver_that_ends_early_leaves_it_for_the_next(
        self, store: AuditStore, scripted: Scripted
    ) -> None:
        launch(store, study(), artifact_url="here")
        with pytest.raises(EngineError):
            drive_next(store, engine=NOWHERE)
        found = store.studies.get("audited")
        assert (found.state, found.lease_owner) == ("queued", None)
        assert found.reason == "cannot reach Ray at 127.0.0.1:1: [Errno 111] Connection refused"
        assert drive_next(store, engine=NOWHERE) is None  # it pauses, and others would pass
        store.studies.queue("audited")  # but not when somebody asks for it
        engine, script = scripted()
        assert drive_next(store, engine=engine) == ("audited", "completed")
        assert store.studies.get("audited").reason is None
        assert_whole(store, script, before={})
        assert drive_next(store, engine=engine) is None

    def test_one_without_a_place_lets_others_pass_and_says_why(
        self, store: AuditStore, scripted: Scripted
    ) -> None:
        greedy = {"name": "greedy", "resources": {"gpus_per_run": 1}}
        launch(store, parse_study(greedy), artifact_url="here")
        launch(store, study(axes={"slots": [1]}), artifact_url="here")
        engine, _ = scripted()
        with pytest.raises(PlacementError):
            drive_next(store, engine=engine)
        found = store.studies.status("greedy")
        assert found.state == "queued"
        assert found.reason == "a run asks for 1 GPU, and no Ray node has more than 0"
        assert found.started_at is None
        assert drive_next(store, engine=engine) == ("audited", "completed")
        assert not store.leases.is_any_waiting()

    def test_one_that_was_to_stop_when_its_driver_died_is_stopped(
        self, store: AuditStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("search.driving.audits.WATCH_S", 0.1)  # a dead driver is silent
        launch(store, study(), artifact_url="here")
        dead = "gone:1:1:another-boot/1"
        store.leases.acquire("audited", owner=dead, ttl_s=LEASE_S)
        store.studies.set_state("audited", "running", owner=dead)
        run = store.dispatch.next_pending("audited", limit=1)[0]
        store.dispatch.start(run.id, owner=dead, worker="w")
        store.studies.stop("audited")
        assert store.studies.get("audited").state == "running"  # it may live
        store.leases.renew("audited", owner=dead, ttl_s=0)
        assert store.studies.get("audited").state == "stopped"
        assert drive_next(store, engine=NOWHERE) == ("audited", "stopped")
        assert store.studies.get("audited").lease_owner is None
        assert store.runs.get(run.id).state == "pending"
        assert [e.payload for e in store.events.after("audited")][-1] == {"state": "stopped"}
        assert drive_next(store, engine=NOWHERE) is None

    def test_one_whose_backbone_is_gone_fails(self, store: AuditStore, tmp_path: Path) -> None:
        folder = tmp_path / "backbone"
        shutil.copytree(inspect_backbone("tiny-qwen3").source, folder)
        launch(store, study(backbones=[str(folder)]), artifact_url="here")
        shutil.rmtree(folder)
        with pytest.raises(StudyFileError, match="backbone"):
            drive_next(store, engine=NOWHERE)
        found = store.studies.get("audited")
        assert (found.state, found.lease_owner) == ("failed", None)
        assert drive_next(store, engine=NOWHERE) is None
