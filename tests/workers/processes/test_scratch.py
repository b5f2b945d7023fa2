"""Folders of processes that were killed go at the next start; those of living ones stay."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from workers.processes.scratch import ScratchFolder, sweep

MAKE = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from workers.processes.scratch import ScratchFolder
print(ScratchFolder("talan-run-").path, flush=True)
input()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_process_left_is_swept_up_and_a_living_ones_is_not(temporary: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(temporary)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    folders = [Path(process.stdout.readline().strip()) for process in processes]
    (folders[0] / "half" / "a").mkdir(parents=True)
    processes[0].send_signal(signal.SIGKILL)
    processes[0].wait()
    mine = ScratchFolder("talan-run-")
    assert sorted(temporary.iterdir()) == sorted([folders[1], mine.path])
    mine.close()
    mine.close()
    assert list(temporary.iterdir()) == [folders[1]]
    processes[1].kill()
    processes[1].communicate()


def test_what_is_not_ours_is_left_alone(temporary: Path) -> None:
    (temporary / "talan-run-half-made").mkdir()
    (temporary / "talan-run-file").touch()
    (temporary / "other").mkdir()
    assert sweep("talan-run-") == []
    assert len(list(temporary.iterdir())) == 3
