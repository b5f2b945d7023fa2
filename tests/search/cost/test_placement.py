"""Whether this machine has a place for a run."""

from __future__ import annotations

import pytest
import torch

from search.cost.check import check_study
from search.cost.placement import placement_note
from search.study.file import parse_study
from search.study.keys import Resources


@pytest.mark.parametrize(("asked", "processes", "here"), [(0, 1, 0), (1, 1, 1), (0.5, 1, 1)])
def test_nothing_is_said_where_a_run_fits(
    asked: float, processes: int, here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: here)
    resources = Resources(gpus_per_run=asked, processes_per_run=processes)
    assert placement_note(resources) is None


def test_a_check_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    wanted = {"gpus_per_run": 2}
    found = check_study(parse_study({"name": "greedy", "resources": wanted}))
    note = next(note for note in found.notes if "GPU" in note)
    assert note.startswith("a run asks for 2 GPU, and this machine has 1: here the study cannot be")
