"""Cells: a run on one benchmark, evaluated in full or not.

Owns: cells in JSON, how their answers were generated, and tests of single cells. Does not cover:
runs (``api.views.runs``), items (``api.views.items``).
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from api.views.base import Bounds, Fraction, Percent, PointsPp, View, example
from storage import records

CELL = {
    "score": 54.0,
    "baseline_score": 52.0,
    "delta": 2.0,
    "n_items": 100,
    "n_correct": 54,
    "helped": 5,
    "hurt": 3,
    "changed": 17,
    "generation": {
        "mode": "drafted",
        "answer_tokens": 2100,
        "drafted_tokens": 1890,
        "passes": 190,
        "redecoded": 0,
    },
}
BOUNDED_CELL = {
    "score": None,
    "delta": None,
    "baseline_score": 52.0,
    "n_items": 100,
    "n_evaluated": 64,
    "bounds": {"n_correct": [15, 51], "delta": [-37.0, -1.0]},
    "generation": {
        "mode": "drafted",
        "answer_tokens": 1340,
        "drafted_tokens": 1210,
        "passes": 120,
        "redecoded": 0,
    },
}


class Generation(View):
    """How the answers of a cell were generated."""

    mode: Literal["drafted", "continuous", "static"] = Field(
        description="drafted: with the baseline's answers as drafts"
    )
    answer_tokens: int = Field(description="tokens of all answers")
    drafted_tokens: int = Field(description="those that the baseline's answers had proposed")
    passes: int = Field(
        description="forward passes an answer took part in, summed; reading its prompt is none"
    )
    redecoded: int = Field(description="answers with a near tie, which were written again alone")

    @classmethod
    def of_cell(cls, cell: records.Cell | records.BoundedCell) -> Self | None:
        """Of a cell as recorded; None where nobody counted."""
        return None if cell.generation is None else cls(**vars(cell.generation))


class Cell(View):
    """A run and its matched baseline on one benchmark."""

    model_config = example(CELL)

    score: Percent
    baseline_score: Percent | None
    delta: PointsPp | None
    n_items: int = Field(description="items of the benchmark")
    n_correct: int = Field(description="items that the run gets right")
    helped: int | None = Field(default=None, description="items that only the run gets right")
    hurt: int | None = Field(default=None, description="items that only the baseline gets right")
    changed: int | None = Field(
        default=None,
        description="responses that differ from the baseline's in any byte; null also in older "
        "records whose responses nobody compared",
    )
    generation: Generation | None = Field(
        default=None, description="null in records of earlier versions"
    )

    @classmethod
    def from_record(cls, cell: records.Cell) -> Self:
        """Of a cell that was evaluated in full."""
        return cls(
            score=cell.score,
            baseline_score=cell.baseline_score,
            delta=cell.delta,
            n_items=cell.n_items,
            n_correct=cell.n_correct,
            helped=cell.helped,
            hurt=cell.hurt,
            changed=cell.changed,
            generation=Generation.of_cell(cell),
        )


class CellTests(View):
    """What a cell's items say of the run and its baseline; not corrected for several."""

    mcnemar_exact: float = Field(description="two-sided p of helped against hurt items")
    mcnemar_mid: float = Field(description="the same, mid-p")
    interval: tuple[float, float] | None = Field(
        description="95% of the delta from resampled items, percentage points"
    )
    pr_positive: Fraction | None = Field(description="resamples with a positive delta")


class CellBounds(View):
    """What a cell's count and delta are at least and at most."""

    n_correct: tuple[int, int]
    delta: Bounds


class BoundedCell(View):
    """A cell that was not evaluated in full, in a study with exact verdicts: it has no score."""

    model_config = example(BOUNDED_CELL)

    score: None = None
    delta: None = None
    baseline_score: Percent
    n_items: int = Field(description="items of the benchmark")
    n_evaluated: int = Field(description="items that were asked")
    bounds: CellBounds
    generation: Generation | None = Field(
        default=None,
        description="of the items that were asked; null where there are none, and in records of "
        "earlier versions",
    )

    @classmethod
    def from_record(cls, cell: records.BoundedCell) -> Self:
        """Of a cell whose run ended early."""
        return cls(
            baseline_score=cell.baseline_score,
            n_items=cell.n_items,
            n_evaluated=cell.n_evaluated,
            bounds=CellBounds(n_correct=cell.n_correct, delta=cell.delta),
            generation=Generation.of_cell(cell),
        )


def cells_of(run: records.Run) -> dict[str, Cell | BoundedCell]:
    """A run's cells, in the order of their names where some were not finished."""
    cells: dict[str, Cell | BoundedCell] = {
        name: Cell.from_record(cell) for name, cell in run.cells.items()
    }
    cells |= {name: BoundedCell.from_record(cell) for name, cell in run.bounds.items()}
    return dict(sorted(cells.items())) if run.bounds else cells
