"""The runs of one host as statistics need them: right answers and outcomes, beside their baselines.

Owns: reading every completed run of a host that has a verdict, with its cells' counts and packed
outcomes, and the baselines they are matched with.
Does not cover: what follows from them (statistics).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from storage.axes import axis_columns, axis_value, to_columns
from storage.database import Database
from storage.models import Cell, Configuration, Host, Run, Study
from storage.new_rows import BASELINE

_CHUNK = 5_000


@dataclass(frozen=True)
class HostCell:
    """Right answers on one benchmark, and the packed outcomes they are counted from."""

    n_correct: int
    n_items: int
    outcomes: bytes


@dataclass(frozen=True)
class HostRun:
    """A completed run with a verdict; `cells` are those evaluated in full."""

    id: str
    kind: str
    baseline_seed: int
    configuration_id: str | None
    configuration: Mapping[str, Any] | None
    g1: bool
    cells: Mapping[str, HostCell]

    def value(self, axis: str) -> Any:
        """Its value of an axis; None for a run without a configuration.

        Raises:
            QueryError: if there is no such axis.
        """
        columns = axis_columns(axis)
        if self.configuration is None:
            return None
        known = to_columns(self.configuration)
        return axis_value(axis, tuple(known[column] for column in columns.values()))


@dataclass(frozen=True)
class HostRuns:
    """A host's runs in the order of the plan; baselines by seed."""

    study: str
    backbone: str
    adapter: str
    baselines: Mapping[int, Mapping[str, HostCell]]
    runs: Sequence[HostRun]


def read_host_runs(
    database: Database, *, study: str, backbone: str, adapter: str, with_cells: bool = True
) -> HostRuns:
    """Return the runs of one host; without cells, verdicts alone, which is quick."""
    with database.reading() as session:
        rows = session.execute(_runs(study, backbone, adapter)).all()
        ids = [row.id for row in rows] if with_cells else []
        cells = _cells(session, ids)
    return HostRuns(
        study=study,
        backbone=backbone,
        adapter=adapter,
        baselines={row.seed: cells[row.id] for row in rows if row.kind == BASELINE},
        runs=[
            HostRun(
                id=row.id,
                kind=row.kind,
                baseline_seed=row.baseline_seed,
                configuration_id=row.configuration_id,
                configuration=json.loads(row.canonical) if row.canonical else None,
                g1=row.g1,
                cells=cells[row.id],
            )
            for row in rows
            if row.kind != BASELINE
        ],
    )


def _runs(study: str, backbone: str, adapter: str) -> Any:
    host = select(Host.id).join(Study, Study.id == Host.study_id)
    host = host.where(Study.name == study, Host.backbone == backbone, Host.adapter_label == adapter)
    return (
        select(Run.id, Run.kind, Run.baseline_seed, Run.g1, Run.seed)
        .add_columns(Configuration.configuration_id, Configuration.canonical)
        .outerjoin(Configuration, Run.configuration_pk == Configuration.pk)
        .where(Run.host_id.in_(host), Run.state == "completed")
        .where(or_(Run.g1.is_not(None), Run.kind == BASELINE))
        .order_by(Run.position, Run.id)
    )


def _cells(session: Session, run_ids: Sequence[str]) -> dict[str, dict[str, HostCell]]:
    found: dict[str, dict[str, HostCell]] = defaultdict(dict)
    columns = (Cell.run_id, Cell.benchmark, Cell.n_correct, Cell.n_items, Cell.outcomes)
    for start in range(0, len(run_ids), _CHUNK):
        query = select(*columns).where(Cell.run_id.in_(run_ids[start : start + _CHUNK]))
        for run_id, benchmark, n_correct, n_items, outcomes in session.execute(query):
            found[run_id][benchmark] = HostCell(n_correct, n_items, outcomes)
    return found
