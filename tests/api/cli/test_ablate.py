"""``talan ablate``: what it prints and when it ends how, over a recorded ablation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from finished_study import finish, finished
from talan_command import Talan

from dashboards.wording import NOTHING
from search.follow_ups.ablation import launch_ablation
from storage import BASELINE, AuditStore, Run


def score(run: Run) -> tuple[int, int]:
    """Layer 2 has two items more than layer 1, out of 20."""
    if run.configuration is None:
        return (10, 5)
    return (10 + 2 * (run.configuration["layer"] == 2), 5 + (run.configuration["slots"] == 4))


@pytest.fixture
def centre(folder: Path) -> str:
    """A run at layer 1 with two slots, and its ablation over both axes at one seed."""
    runs = finished(score, axes={"layer": [1, 2], "slots": [2, 4]})
    with AuditStore.open("sqlite:///talan.db") as store:
        for name in launch_ablation(store, runs[1], num_seeds=1):
            finish(store, name, score)
        assert store.runs.get(runs[0]).kind == BASELINE
    return runs[1]


def test_as_json(centre: str, talan: Talan) -> None:
    answer = talan("ablate", centre, "--json")
    shape = json.loads(answer.out)
    assert answer.code == 0
    assert {(v["axis"], v["value"]): v["relative"]["mean"] for v in shape["values"]} == {
        ("layer", 2): 5.0,
        ("slots", 4): 5.0,
    }
    assert shape["centre"]["mean_delta"] == 0.0
    assert shape["values"][0]["cells"] == {"tiny_choice": 10.0, "tiny_code": 0.0}


def test_for_people(centre: str, talan: Talan) -> None:
    out = talan("ablate", centre).out
    assert "no test against the centre: One seed shows no spread" in out
    rows = [line.split() for line in out.splitlines() if line.startswith(("layer", "slots"))]
    assert rows == [
        ["layer", "2", "1", "+5.00", "1/1", "1/1", NOTHING],
        ["slots", "4", "1", "+5.00", "1/1", "1/1", NOTHING],
    ]
    assert "centre: layer 1, T 2, multihead_local" in out


def test_what_cannot_be_ablated(centre: str, talan: Talan) -> None:
    answer = talan("ablate", centre, "--axis", "mixer")
    assert answer.code == 2
    assert "mixer has no other value in study 'finished'" in answer.err
    answer = talan("ablate", centre, "--axis", "depth")
    assert answer.code == 2
    assert "allowed: layer, slots, mixer" in answer.err
