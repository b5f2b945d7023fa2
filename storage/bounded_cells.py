"""Cells that were not evaluated in full.

Owns: their rows, and reading them back as bounds. They live in a table of their own: whatever
averages, compares or exports cells finds scored ones only, and has to ask for these by name.
Does not cover: what bounds mean (`verdict.py`), nor the verdict (`results.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from storage import records
from storage.generation import COLUMNS, Generation
from storage.models import BoundedCell
from storage.new_rows import PartialOutcome
from storage.packing import pack_bits, unpack_bits
from storage.verdict import Bounds, Count

_CHUNK = 5_000


def insert_bounded(
    session: Session, run_id: str, partial: Sequence[PartialOutcome], *, baseline: Mapping[str, int]
) -> None:
    """Keep a run's bounded cells beside the baseline's right answers.

    A benchmark that the baseline lacks has no count here; comparing the two refuses it.
    """
    rows = [
        {
            **_bits(cell),
            "run_id": run_id,
            "n_right": sum(map(bool, cell.outcomes.values())),
            "n_evaluated": len(cell.outcomes),
            "baseline_n_correct": baseline.get(cell.benchmark, 0),
            "seconds": cell.seconds,
            **Generation.columns_of(cell.generation),
        }
        for cell in partial
    ]
    session.execute(insert(BoundedCell), rows)


def bounds_of(session: Session, run_id: str) -> dict[str, Bounds]:
    """Return a run's bounds by benchmark; empty for a run evaluated in full."""
    columns = (BoundedCell.n_right, BoundedCell.n_evaluated, BoundedCell.n_items)
    query = select(BoundedCell.benchmark, *columns).where(BoundedCell.run_id == run_id)
    rows = session.execute(query.order_by(BoundedCell.benchmark))
    return {name: Bounds(*counts) for name, *counts in rows}


def load_bounded(
    session: Session, run_ids: Sequence[str]
) -> dict[str, dict[str, records.BoundedCell]]:
    """Return bounded cells by run and benchmark; runs without any are left out."""
    found: dict[str, dict[str, records.BoundedCell]] = defaultdict(dict)
    columns = [column for column in BoundedCell.__table__.c if column.name not in _PACKED]
    for start in range(0, len(run_ids), _CHUNK):
        chunk = BoundedCell.run_id.in_(run_ids[start : start + _CHUNK])
        query = select(*columns).where(chunk).order_by(BoundedCell.run_id, BoundedCell.benchmark)
        for row in session.execute(query):
            found[row.run_id][row.benchmark] = _record(row)
    return dict(found)


def bounded_answers(session: Session, run_id: str) -> dict[str, dict[int, bool]]:
    """Return right or wrong of the items asked, by benchmark and item number."""
    query = select(BoundedCell).where(BoundedCell.run_id == run_id)
    return {cell.benchmark: _answers(cell) for cell in session.scalars(query)}


def is_same(session: Session, run_id: str, partial: Sequence[PartialOutcome]) -> bool:
    """Whether exactly these outcomes are on record."""
    offered = [_bits(cell) for cell in sorted(partial, key=lambda cell: cell.benchmark)]
    query = select(BoundedCell).where(BoundedCell.run_id == run_id).order_by(BoundedCell.benchmark)
    recorded = [{key: getattr(cell, key) for key in _SAME} for cell in session.scalars(query)]
    return recorded == offered


_PACKED = ("evaluated", "outcomes")
_SAME = ("benchmark", "n_items", *_PACKED, "responses_artifact")


def _bits(cell: PartialOutcome) -> dict[str, object]:
    items = range(cell.n_items)
    return {
        "benchmark": cell.benchmark,
        "n_items": cell.n_items,
        "evaluated": pack_bits([item in cell.outcomes for item in items]),
        "outcomes": pack_bits([cell.outcomes.get(item, False) for item in items]),
        "responses_artifact": cell.responses_artifact,
    }


def _answers(cell: BoundedCell) -> dict[int, bool]:
    asked = unpack_bits(cell.evaluated, count=cell.n_items)
    outcomes = unpack_bits(cell.outcomes, count=cell.n_items)
    return {item: outcomes[item] for item in range(cell.n_items) if asked[item]}


def _record(row: Any) -> records.BoundedCell:
    bounds = Bounds(row.n_right, row.n_evaluated, row.n_items)
    return records.BoundedCell(
        benchmark=row.benchmark,
        n_items=row.n_items,
        n_evaluated=row.n_evaluated,
        n_correct=bounds.n_correct,
        baseline_n_correct=row.baseline_n_correct,
        baseline_score=Count(row.baseline_n_correct, row.n_items).score,
        delta=bounds.delta(row.baseline_n_correct),
        seconds=row.seconds,
        responses_artifact=row.responses_artifact,
        generation=Generation.of([getattr(row, name) for name in COLUMNS]),
    )
