"""A study as one tidy pandas frame: one row per cell.

Owns: the columns of an export. Does not cover: reading the record (``storage``) or files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from search.study.method_words import method_words
from storage.axes import to_columns
from storage.axis_columns import COLUMN
from storage.generation import Generation
from storage.records import BoundedCell, Cell, Run

_DTYPES = {int: "Int64", float: "Float64", str: "string"}

COLUMNS = (
    ("study", "string"),
    ("run_id", "string"),
    ("backbone", "string"),
    ("adapter", "string"),
    ("kind", "string"),
    ("seed", "Int64"),
    ("baseline_seed", "Int64"),
    ("state", "string"),
    ("configuration_id", "string"),
    *((name, _DTYPES[column.type.python_type]) for name, column in COLUMN.items()),
    ("benchmark", "string"),
    ("n_items", "Int64"),
    ("n_correct", "Int64"),
    ("score", "Float64"),
    ("baseline_n_correct", "Int64"),
    ("baseline_score", "Float64"),
    ("delta", "Float64"),
    ("helped", "Int64"),
    ("hurt", "Int64"),
    ("changed", "Int64"),
    ("generation", "string"),
    ("answer_tokens", "Int64"),
    ("drafted_tokens", "Int64"),
    ("passes", "Int64"),
    ("redecoded", "Int64"),
    ("n_evaluated", "Int64"),
    ("n_correct_low", "Int64"),
    ("n_correct_high", "Int64"),
    ("delta_low", "Float64"),
    ("delta_high", "Float64"),
    ("mean_delta", "Float64"),
    ("g1", "boolean"),
    ("verdict", "string"),
    ("compute_s", "Float64"),
    ("kl_to_baseline", "Float64"),
    ("null_scale", "Float64"),
    ("error", "string"),
    ("method", "string"),
)


def cell_frame(runs: Iterable[Run]) -> pd.DataFrame:
    """One row per cell (run x benchmark), one row for a run without cells; typed with nulls.

    Scores in percent, deltas in pp, ``compute_s`` in seconds for the whole run. A cell that was not
    evaluated in full has no score and no delta, but what they are at least and at most; a cell in
    full has no such bounds. ``kl_to_baseline`` is in nats a token, ``null_scale`` of matched null
    runs.
    """
    rows = [row for run in runs for row in _rows(run)]
    names = [name for name, _ in COLUMNS]
    return pd.DataFrame(rows, columns=names).astype(dict(COLUMNS))


def _rows(run: Run) -> list[dict[str, Any]]:
    head = {
        "study": run.study,
        "run_id": run.id,
        "backbone": run.backbone,
        "adapter": run.adapter,
        "kind": run.kind,
        "seed": run.seed,
        "baseline_seed": run.baseline_seed,
        "state": run.state,
        "configuration_id": run.configuration_id,
        "mean_delta": run.mean_delta,
        "g1": run.g1,
        "verdict": run.verdict,
        "compute_s": run.compute_s,
        "kl_to_baseline": run.kl_to_baseline,
        "null_scale": run.null_scale,
        "error": run.error,
        "method": None if run.method is None else method_words(run.method),
        **(to_columns(run.configuration) if run.configuration else {}),
    }
    cells = [_cell(cell) for cell in run.cells.values()]
    cells += [_bounded_cell(cell) for cell in run.bounds.values()]
    return [{**head, **cell} for cell in cells] or [head]


def _cell(cell: Cell) -> dict[str, object]:
    return {
        "benchmark": cell.benchmark,
        "n_items": cell.n_items,
        "n_correct": cell.n_correct,
        "score": cell.score,
        "baseline_n_correct": cell.baseline_n_correct,
        "baseline_score": cell.baseline_score,
        "delta": cell.delta,
        "helped": cell.helped,
        "hurt": cell.hurt,
        "changed": cell.changed,
        "n_evaluated": cell.n_items,
        **Generation.columns_of(cell.generation),
    }


def _bounded_cell(cell: BoundedCell) -> dict[str, object]:
    return {
        "benchmark": cell.benchmark,
        "n_items": cell.n_items,
        "baseline_n_correct": cell.baseline_n_correct,
        "baseline_score": cell.baseline_score,
        "n_evaluated": cell.n_evaluated,
        "n_correct_low": cell.n_correct[0],
        "n_correct_high": cell.n_correct[1],
        "delta_low": cell.delta[0],
        "delta_high": cell.delta[1],
        **Generation.columns_of(cell.generation),
    }
