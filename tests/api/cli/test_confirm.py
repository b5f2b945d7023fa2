"""``talan confirm``: what it prints and when it ends how, over recorded confirmations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from finished_study import finish, finished
from talan_command import Talan

from search.follow_ups.confirmation import launch_confirmation
from storage import BASELINE, AuditStore


@pytest.fixture
def chosen(folder: Path) -> str:
    """A run that was chosen for +5 pp, the best of two."""
    layers = {None: (10, 5), 1: (12, 5), 2: (11, 5)}
    ids = finished(
        lambda run: layers[run.configuration["layer"] if run.configuration else None],
        axes={"layer": [1, 2]},
    )
    return ids[1]


@pytest.fixture
def confirmed(chosen: str) -> str:
    """Its confirmation at three seeds, by hand: one right answer more from seed to seed."""
    with AuditStore.open("sqlite:///talan.db") as store:
        (name,) = launch_confirmation(store, chosen, num_seeds=3)
        seeds = store.studies.get(name).spec["seeds"]
        finish(
            store,
            name,
            lambda run: (10, 5) if run.kind == BASELINE else (10 + seeds.index(run.seed), 5),
        )
    return chosen


def test_as_json(confirmed: str, talan: Talan) -> None:
    answer = talan("confirm", confirmed, "--seeds", "3", "--json")
    shape: dict[str, Any] = json.loads(answer.out)
    assert answer.code == 0
    assert [seed["mean_delta"] for seed in shape["seeds"]] == [0.0, 2.5, 5.0]
    assert shape["mean_delta"]["mean"] == 2.5
    assert shape["cells"]["tiny_choice"]["interval"] == pytest.approx(
        [5 - 12.4207, 5 + 12.4207],
        abs=1e-3,  # 4.3027 * 5 / sqrt(3)
    )
    assert shape["selection"]["winning"] == 5.0
    assert shape["selection"]["optimism"] == 2.5


def test_for_people(confirmed: str, talan: Talan) -> None:
    out = talan("confirm", confirmed, "--seeds", "3").out
    row = next(line for line in out.splitlines() if line.startswith("tiny_choice")).split()
    assert row == [
        "tiny_choice",
        "3",
        "+5.00",
        "5.00",
        "-7.42",
        "to",
        "+17.42",
        "1.73",
        "0.225",
        "2/3",
    ]
    assert "chosen for  +5.00 pp at seed 42, among 2 completed runs" in out
    assert "confirmed   +2.50 pp at seeds that chose nothing (optimism +2.50 pp)" in out
    assert "G1 at 3 of 3 fresh seeds" in out


def test_what_cannot_be_confirmed(runs: list[str], talan: Talan) -> None:
    for place, sentence in {
        0: "is a baseline; allowed: a treatment",
        4: "is failed and has no verdict",
        5: "is pending and has no verdict",
    }.items():
        answer = talan("confirm", runs[place])
        assert answer.code == 2
        assert sentence in answer.err
    assert talan("confirm", runs[1], "--seeds", "0").code == 2
