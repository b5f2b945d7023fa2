"""Fixtures of the api tests: a recorded study, and the command line in this process."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from recorded_study import record
from talan_command import Answer, Talan

from api.cli import main
from storage import AuditStore


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with no setting from outside."""
    for name in ("TALAN_STORAGE", "TALAN_ARTIFACTS", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    return working


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A database with a recorded study, to be copied, and the ids of its runs."""
    path = tmp_path_factory.mktemp("recorded") / "talan.db"
    with AuditStore.open(f"sqlite:///{path}") as store:
        return path, record(store)


@pytest.fixture
def runs(folder: Path, recorded: tuple[Path, list[str]]) -> list[str]:
    """The recorded study in the working folder's database; the ids of its runs."""
    path, ids = recorded
    shutil.copy(path, folder / "talan.db")
    return ids


@pytest.fixture
def talan(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Talan:
    """Calls the command line as the ``talan`` script does, in this process."""

    def call(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["talan", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 0, captured.out, captured.err)

    return call
