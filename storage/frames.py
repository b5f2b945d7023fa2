"""A whole study as columns: what figures and reports are made from.

Owns: two bulk queries, one row per run and one per cell, in one snapshot. Columns are named as in
the record; axes are flattened, times are UTC.
Does not cover: pages of runs (`listing.py`), outcomes and losses, which are read run by run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from storage.axis_columns import COLUMN
from storage.database import Database
from storage.locks import find_study
from storage.models import Cell, Configuration, Host, Run

Columns = Mapping[str, Sequence[Any]]

_RUN = {
    "id": Run.id,
    "host": Host.position,
    "kind": Run.kind,
    "seed": Run.seed,
    "baseline_seed": Run.baseline_seed,
    "position": Run.position,
    "state": Run.state,
    "attempt": Run.attempt,
    "configuration_id": Configuration.configuration_id,
    **COLUMN,
    "mean_delta": Run.mean_delta,
    "worst_delta": Run.worst_delta,
    "g1": Run.g1,
    "verdict": Run.verdict,
    "worker": Run.worker,
    "started_at": Run.started_at,
    "finished_at": Run.finished_at,
    "compute_s": Run.compute_s,
    "error": Run.error,
    "method": Run.method,
}
_CELL = {
    "run_id": Cell.run_id,
    "benchmark": Cell.benchmark,
    "score": Cell.score,
    "baseline_score": Cell.baseline_score,
    "delta": Cell.delta,
    "helped": Cell.helped,
    "hurt": Cell.hurt,
    "changed": Cell.changed,
    "n_items": Cell.n_items,
    "n_correct": Cell.n_correct,
    "seconds": Cell.seconds,
}


@dataclass(frozen=True)
class StudyTables:
    """A study's runs and cells, by column; rows in the order of the plan."""

    runs: Columns
    cells: Columns


def read_tables(database: Database, study: str) -> StudyTables:
    """Read all runs and cells of a study.

    Raises:
        StudyNotFound: if there is no such study.
    """
    with database.reading() as session:
        found = find_study(session, study)
        in_order = (Run.position, Run.id)
        runs = (
            select(*_RUN.values())
            .join(Host, Run.host_id == Host.id)
            .outerjoin(Configuration, Run.configuration_pk == Configuration.pk)
            .where(Run.study_id == found.id)
            .order_by(*in_order)
        )
        cells = (
            select(*_CELL.values())
            .join(Run, Run.id == Cell.run_id)
            .where(Run.study_id == found.id)
            .order_by(*in_order, Cell.benchmark)
        )
        return StudyTables(_columns(session, runs, _RUN), _columns(session, cells, _CELL))


def _columns(
    session: Session, query: Select[*tuple[Any, ...]], names: Mapping[str, object]
) -> Columns:
    rows = session.connection().execute(query).all()  # no objects: this is bulk
    values = zip(*rows, strict=True) if rows else ((),) * len(names)
    return dict(zip(names, values, strict=True))
