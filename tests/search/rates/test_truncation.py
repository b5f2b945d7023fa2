"""Truncated responses are counted from what is stored, and unknown where nothing says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from stored_studies import NAME, one_cell, seed_study

from api import cli
from search.rates.truncation import truncated_responses
from storage import AuditStore
from workers.evaluation.harness import ScoredItem
from workers.evaluation.responses import encode_responses
from workers.evaluation.written import Written
from workers.suites.tasks import ItemOutcome

OUTCOME = ItemOutcome("tiny_choice-000", "(C", "[invalid]", False)


def cell(*truncated: bool | None) -> bytes:
    return encode_responses([ScoredItem(OUTCOME, "", Written((1,), cut)) for cut in truncated])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AuditStore]:
    with AuditStore.open(f"sqlite:///{tmp_path / 'talan.db'}", create=True) as opened:
        yield opened


def first_run(store: AuditStore, folder: Path, content: bytes) -> str:
    seed_study(store, folder, one_cell(content, outcomes="nnn"))
    return str(next(iter(store.runs.iterate(NAME))).id)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(cell(True, False, True), 2), (cell(False, False, False), 0), (cell(True, None, True), None)],
)
def test_counts(store: AuditStore, tmp_path: Path, content: bytes, expected: int | None) -> None:
    run = store.runs.get(first_run(store, tmp_path, content))
    assert truncated_responses(store, run) == {"tiny_choice": expected}


def test_responses_that_are_gone_say_nothing(store: AuditStore, tmp_path: Path) -> None:
    run = store.runs.get(first_run(store, tmp_path / "artifacts", cell(True, True, True)))
    for file in (tmp_path / "artifacts").rglob("*.parquet"):
        file.unlink()
    assert truncated_responses(store, run) == {"tiny_choice": None}


def test_the_command_line_shows_them(
    store: AuditStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = first_run(store, tmp_path, cell(True, False, True))
    monkeypatch.setenv("TALAN_STORAGE", f"sqlite:///{tmp_path / 'talan.db'}")
    printed = []
    for arguments in (["run", run], ["run", run, "--json"]):
        monkeypatch.setattr("sys.argv", ["talan", *arguments])
        with pytest.raises(SystemExit):
            cli.main()
        printed.append(capsys.readouterr().out)
    assert "responses cut at the limit of new tokens: tiny_choice 2" in printed[0]
    assert json.loads(printed[1])["n_truncated"] == {"tiny_choice": 2}
