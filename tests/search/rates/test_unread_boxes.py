"""Boxed numbers that the scorer did not read are counted from what is stored, and pointed out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from stored_studies import NAME, Cells, one_cell, seed_study

from api import cli
from search.rates.unread_boxes import UnreadBoxes, unread_boxes
from storage import ArtifactStore, AuditStore, CellOutcome, RunOutcome
from workers.evaluation.harness import ScoredItem
from workers.evaluation.responses import encode_responses
from workers.suites.tasks import ItemOutcome

RESPONSES = ("It is $\\boxed{18}$.", "It is $\\boxed{18}$. The answer is 18.", "It is 18.")
CONTENT = encode_responses(
    [ScoredItem(ItemOutcome(f"i-{n}", text, "", False), "") for n, text in enumerate(RESPONSES)]
)


def arithmetic(artifacts: ArtifactStore, _: Cells) -> RunOutcome:
    name = artifacts.put_bytes(CONTENT, suffix="parquet").name
    return RunOutcome(
        [CellOutcome("tiny_arithmetic", [False] * 3, name, 1.0)], (1.0,), None, 1.0, {}
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AuditStore]:
    with AuditStore.open(f"sqlite:///{tmp_path / 'talan.db'}", create=True) as opened:
        yield opened


def test_they_are_counted_and_shown(
    store: AuditStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed_study(store, tmp_path, arithmetic)
    run = next(iter(store.runs.iterate(NAME)))
    assert unread_boxes(store, run) == {"tiny_arithmetic": UnreadBoxes(1, 3)}

    monkeypatch.setenv("TALAN_STORAGE", f"sqlite:///{tmp_path / 'talan.db'}")
    printed = []
    for arguments in (["run", run.id], ["run", run.id, "--json"]):
        monkeypatch.setattr("sys.argv", ["talan", *arguments])
        with pytest.raises(SystemExit):
            cli.main()
        printed.append(" ".join(capsys.readouterr().out.split()))
    assert "tiny_arithmetic: in 1 of 3 responses the boxed number is another than" in printed[0]
    assert json.loads(printed[1])["n_unread_boxes"] == {"tiny_arithmetic": 1}


def test_other_kinds_and_what_is_gone_say_nothing(store: AuditStore, tmp_path: Path) -> None:
    seed_study(store, tmp_path, one_cell(CONTENT, outcomes="nnn"))
    assert unread_boxes(store, next(iter(store.runs.iterate(NAME)))) == {}
