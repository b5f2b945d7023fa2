"""What another scorer changes in a study: verdicts of cells, and G1 of runs.

Owns: the counts, from recorded runs and the same runs' cells under another scorer. A cell's verdict
is whether it is not worse than its baseline's (delta >= 0); a run is G1 when all of its cells are.
Both are decided on counts. Verdicts are of treatments; items are of all scored runs, baselines
included. Does not cover: scoring (``search.follow_ups.rescoring``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage.new_rows import TREATMENT
from storage.records import Cell, RescoredCell, Run
from storage.verdict import all_not_worse, exact_mean, is_not_worse

Rescored = Mapping[str, Mapping[str, RescoredCell]]


def verdict_changes(
    runs: Sequence[Run], *, rescored: Rescored, items_changed: Mapping[str, int]
) -> dict[str, object]:
    """Count what changes.

    Args:
        runs: A study's completed runs.
        rescored: Their cells under the other scorer, by run id and benchmark.
        items_changed: Items with another verdict, per benchmark.

    Returns:
        ``cells``, ``runs``, ``benchmarks``, ``hosts`` and ``changed_runs`` of
        docs/how-to/rescoring.md.
    """
    names = list(dict.fromkeys(name for run in runs for name in run.cells))
    treatments = [run for run in runs if run.kind == TREATMENT]
    cells = [pair for run in treatments for pair in _pairs(run, rescored.get(run.id, {}))]
    judged = [_judge(run, rescored.get(run.id, {}), names) for run in treatments]
    known = [run for run in judged if run.g1 is not None and run.recorded is not None]
    hosts = list(dict.fromkeys((run.run.backbone, run.run.adapter) for run in known))
    return {
        "cells": _cells(cells),
        "runs": {**_g1(known), "undecided": len(judged) - len(known)},
        "benchmarks": [
            {
                "benchmark": name,
                **_cells([pair for pair in cells if pair.benchmark == name]),
                **_items(runs, rescored, name),
                "items_changed": items_changed.get(name, 0),
            }
            for name in names
        ],
        "hosts": [
            {
                "backbone": backbone,
                "adapter": adapter,
                **_g1(run for run in known if (run.run.backbone, run.run.adapter) == host),
            }
            for host in hosts
            for backbone, adapter in [host]
        ],
        "changed_runs": [_changed(run) for run in known if run.g1 != run.recorded],
    }


@dataclass(frozen=True)
class _Pair:
    """One cell's verdict as recorded and under the other scorer."""

    benchmark: str
    recorded: bool
    rescored: bool


@dataclass(frozen=True)
class _Judged:
    """One run's G1 as recorded and under the other scorer; None where it is not known."""

    run: Run
    cells: Mapping[str, RescoredCell]
    recorded: bool | None
    g1: bool | None


def _pairs(run: Run, rescored: Mapping[str, RescoredCell]) -> list[_Pair]:
    return [
        _Pair(name, recorded, verdict)
        for name, cell in run.cells.items()
        if name in rescored
        for recorded, verdict in [(_not_worse(cell), _not_worse(rescored[name]))]
        if recorded is not None and verdict is not None
    ]


def _judge(run: Run, rescored: Mapping[str, RescoredCell], names: Sequence[str]) -> _Judged:
    """One losing cell decides against a run; G1 needs every benchmark of the study."""
    verdicts = [_not_worse(rescored[name]) if name in rescored else None for name in names]
    return _Judged(run, rescored, run.g1, all_not_worse(verdicts))


def _not_worse(cell: Cell | RescoredCell) -> bool | None:
    if cell.baseline_n_correct is None:
        return None
    return is_not_worse(cell.n_correct, cell.baseline_n_correct)


def _cells(pairs: Sequence[_Pair]) -> dict[str, int]:
    return {
        "compared": len(pairs),
        "changed": sum(pair.recorded != pair.rescored for pair in pairs),
        "not_worse": sum(pair.rescored for pair in pairs),
        "not_worse_recorded": sum(pair.recorded for pair in pairs),
    }


def _g1(runs: Iterable[_Judged]) -> dict[str, int]:
    known = list(runs)
    return {
        "compared": len(known),
        "changed": sum(run.g1 != run.recorded for run in known),
        "g1": sum(bool(run.g1) for run in known),
        "g1_recorded": sum(bool(run.recorded) for run in known),
    }


def _items(runs: Sequence[Run], rescored: Rescored, name: str) -> dict[str, int]:
    """Count right answers over all scored runs; where none is right, every cell ties."""
    pairs = [
        (run.cells[name], rescored[run.id][name])
        for run in runs
        if name in run.cells and name in rescored.get(run.id, {})
    ]
    return {
        "n_items": sum(cell.n_items for _, cell in pairs),
        "n_correct": sum(cell.n_correct for _, cell in pairs),
        "n_correct_recorded": sum(cell.n_correct for cell, _ in pairs),
    }


def _changed(judged: _Judged) -> dict[str, object]:
    run = judged.run
    known = [cell.exact_delta for cell in judged.cells.values() if cell.exact_delta is not None]
    return {
        "id": run.id,
        "backbone": run.backbone,
        "adapter": run.adapter,
        "seed": run.seed,
        "configuration": run.configuration,
        "g1": judged.g1,
        "g1_recorded": judged.recorded,
        "mean_delta": float(exact_mean(known)) if known else None,
        "mean_delta_recorded": run.mean_delta,
        "cells": {
            name: {"delta": cell.delta, "delta_recorded": run.cells[name].delta}
            for name, cell in judged.cells.items()
        },
    }
