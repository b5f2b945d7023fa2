"""Where the record is, and where artifacts go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from talan_command import Talan

from api.places import artifact_url
from storage import AuditStore


def test_the_option_then_the_environment_then_the_folder(
    runs: list[str], talan: Talan, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    AuditStore.open("sqlite:///empty.db").close()
    ask = ("study", "list", "--json")
    assert len(json.loads(talan(*ask).out)) == 1
    monkeypatch.setenv("TALAN_STORAGE", "sqlite:///empty.db")
    assert json.loads(talan(*ask).out) == []
    assert len(json.loads(talan(*ask, "--storage", "sqlite:///talan.db").out)) == 1
    monkeypatch.setenv("TALAN_STORAGE", "")
    assert len(json.loads(talan(*ask).out)) == 1


def test_asking_creates_no_database(folder: Path, talan: Talan) -> None:
    answer = talan("study", "list")
    assert answer.code == 2
    assert answer.err == "talan: there is no database file talan.db\n"
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("mysql://u@h/d", "starts with 'mysql'"),
        ("talan.db", "cannot be read"),
        ("sqlite://", "names no database"),
        ("sqlite:////no/such/folder/talan.db", "the folder of /no/such/folder/talan.db"),
    ],
)
def test_a_storage_that_cannot_be(folder: Path, talan: Talan, url: str, part: str) -> None:
    answer = talan("study", "list", "--storage", url)
    assert answer.code == 2
    assert part in answer.err
    assert answer.err.count("\n") == 1


def test_a_file_that_is_no_database(folder: Path, talan: Talan) -> None:
    (folder / "talan.db").write_text("this is a letter, not a database " * 100)
    answer = talan("study", "list")
    assert answer.code == 2
    assert "not a sound SQLite database" in answer.err


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("s3://bucket/talan", "s3://bucket/talan"),
        ("/data/artifacts", "/data/artifacts"),
    ],
)
def test_artifact_stores_are_taken_as_they_are(value: str, url: str) -> None:
    assert artifact_url(value) == url


@pytest.mark.parametrize(("value", "name"), [(None, "talan-artifacts"), ("here", "here")])
def test_a_folder_is_made_absolute(folder: Path, value: str | None, name: str) -> None:
    assert artifact_url(value) == str(folder / name)
