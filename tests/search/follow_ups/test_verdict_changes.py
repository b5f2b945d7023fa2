"""What changes under another scorer: the paper's case, unknown verdicts, what is not counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.follow_ups.verdict_changes import verdict_changes
from storage.records import Cell, RescoredCell, Run

NAMES = ("gpqa", "gsm8k", "math500", "mbpp")
N = 100


def run(number: int, net: Mapping[str, int], *, g1: bool | None, **changes: Any) -> Run:
    """A completed treatment with so many right answers more than its baseline's 50."""
    cells = {
        name: Cell(
            *(name, N, 50 + more, 50.0 + more, 50, 50.0, float(more), None, None, None, 1.0, "")
        )
        for name, more in net.items()
    }
    values = {
        **dict.fromkeys(Run.__dataclass_fields__),
        **{"id": str(number), "kind": "treatment", "backbone": f"b{number}", "adapter": "lora-r32"},
        **{"cells": cells, "g1": g1, "mean_delta": 0.0, "seed": 42},
    }
    return Run(**{**values, **changes})


def under(net: Mapping[str, int | None]) -> dict[str, RescoredCell]:
    """The same cells under another scorer; None: without a baseline."""
    return {
        name: RescoredCell(name, "s", N, 40, None, None)
        if more is None
        else RescoredCell(name, "s", N, 40 + more, 40, float(more))
        for name, more in net.items()
    }


def all_four(*net: int) -> dict[str, int]:
    return dict(zip(NAMES, net, strict=True))


def changes(pairs: list[tuple[Run, Mapping[str, RescoredCell]]]) -> dict[str, Any]:
    rescored = {recorded.id: cells for recorded, cells in pairs}
    return verdict_changes([pair[0] for pair in pairs], rescored=rescored, items_changed={})


def test_13_of_16_cells_against_16_of_16() -> None:
    """Four champions of which three lose a cell under the scorer of the record (Appendix E.1)."""
    recorded = [all_four(1, -1, 0, 2), all_four(0, 0, -3, 1), all_four(5, 1, 1, -1)]
    pairs = [(run(i, net, g1=False), under(all_four(1, 1, 0, 0))) for i, net in enumerate(recorded)]
    pairs.append((run(3, all_four(1, 1, 1, 1), g1=True), under(all_four(0, 0, 0, 0))))
    counted = changes(pairs)
    assert counted["cells"] == {
        "compared": 16,
        "changed": 3,
        "not_worse": 16,
        "not_worse_recorded": 13,
    }
    assert counted["runs"] == {
        "compared": 4,
        "changed": 3,
        "g1": 4,
        "g1_recorded": 1,
        "undecided": 0,
    }
    assert [row["changed"] for row in counted["benchmarks"]] == [0, 1, 1, 1]
    assert [row["changed"] for row in counted["hosts"]] == [1, 1, 1, 0]
    assert [row["id"] for row in counted["changed_runs"]] == ["0", "1", "2"]


def test_verdicts_that_change_both_ways_do_not_cancel() -> None:
    loses = (run(0, all_four(1, 1, 1, 1), g1=True), under(all_four(1, 1, 1, -1)))
    wins = (run(1, all_four(1, 1, -1, 1), g1=False), under(all_four(1, 1, 1, 1)))
    counted = changes([loses, wins])
    assert counted["cells"]["changed"] == counted["runs"]["changed"] == 2
    assert counted["cells"]["not_worse"] == counted["cells"]["not_worse_recorded"] == 7


def test_a_losing_cell_decides_and_a_missing_one_leaves_it_open() -> None:
    whole = (run(0, all_four(0, 0, 0, 0), g1=True), under(all_four(0, 0, 0, 0)))
    stopped_early = run(1, {"gpqa": -1, "gsm8k": 2}, g1=False)
    not_matched = run(2, all_four(0, 0, 0, 0), g1=None)
    some = {**all_four(0, 0, 0, 0), "mbpp": None}
    for net, undecided in (({"gpqa": -2, "gsm8k": 0}, 1), ({"gpqa": 1, "gsm8k": 0}, 2)):
        counted = changes([whole, (stopped_early, under(net)), (not_matched, under(some))])
        assert counted["runs"]["undecided"] == undecided
        assert counted["runs"]["compared"] == 3 - undecided


def test_baselines_and_null_runs_count_as_items_only() -> None:
    null = run(0, all_four(-1, 0, 0, 0), g1=False, kind="seed_null")
    counted = changes([(null, under(all_four(1, 1, 1, 1)))])
    assert counted["cells"]["compared"] == counted["runs"]["compared"] == 0
    gpqa = counted["benchmarks"][0]
    assert (gpqa["n_items"], gpqa["n_correct"], gpqa["n_correct_recorded"]) == (100, 41, 49)
