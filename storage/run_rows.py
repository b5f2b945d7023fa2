"""From rows to `records.Run`.

Owns: the one query that a run is read by, and adding its cells.
Does not cover: which runs, and in what order (`listing.py`, `rates.py`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from storage import records
from storage.models import Cell, Configuration, Host, Run, Study

RunQuery = Select[Run, Host, str, Configuration | None]
_CHUNK = 5_000


def select_runs() -> RunQuery:
    """Return the query all runs are read by; callers narrow and order it."""
    return (
        select(Run, Host, Study.name, Configuration)
        .join(Host, Run.host_id == Host.id)
        .join(Study, Run.study_id == Study.id)
        .outerjoin(Configuration, Run.configuration_pk == Configuration.pk)
        .options(defer(Run.losses), defer(Host.adapter))
    )


def load_runs(session: Session, query: RunQuery) -> list[records.Run]:
    """Run the query and add each run's cells."""
    rows = session.execute(query).all()
    cells = _load_cells(session, [row[0].id for row in rows])
    return [
        _record(run, host, study=study, configuration=configuration, cells=cells[run.id])
        for run, host, study, configuration in rows
    ]


def _load_cells(session: Session, run_ids: Sequence[str]) -> dict[str, dict[str, records.Cell]]:
    cells: dict[str, dict[str, records.Cell]] = defaultdict(dict)
    for start in range(0, len(run_ids), _CHUNK):
        query = (
            select(Cell)
            .where(Cell.run_id.in_(run_ids[start : start + _CHUNK]))
            .order_by(Cell.run_id, Cell.benchmark)
            .options(defer(Cell.outcomes))
        )
        for cell in session.scalars(query):
            cells[cell.run_id][cell.benchmark] = _cell(cell)
    return cells


def _cell(cell: Cell) -> records.Cell:
    return records.Cell(
        benchmark=cell.benchmark,
        n_items=cell.n_items,
        n_correct=cell.n_correct,
        score=cell.score,
        baseline_n_correct=cell.baseline_n_correct,
        baseline_score=cell.baseline_score,
        delta=cell.delta,
        seconds=cell.seconds,
        responses_artifact=cell.responses_artifact,
    )


def _record(
    run: Run,
    host: Host,
    *,
    study: str,
    configuration: Configuration | None,
    cells: dict[str, records.Cell],
) -> records.Run:
    return records.Run(
        id=run.id,
        study=study,
        host=host.position,
        backbone=host.backbone,
        adapter=host.adapter_label,
        kind=run.kind,
        seed=run.seed,
        position=run.position,
        configuration=json.loads(configuration.canonical) if configuration else None,
        configuration_id=configuration.configuration_id if configuration else None,
        trial_number=run.trial_number,
        state=run.state,
        attempt=run.attempt,
        failures=run.failures,
        worker=run.worker,
        error=run.error,
        g1=run.g1,
        mean_delta=run.mean_delta,
        worst_delta=run.worst_delta,
        compute_s=run.compute_s,
        started_at=run.started_at,
        finished_at=run.finished_at,
        checkpoint_artifact=run.checkpoint_artifact,
        provenance_hash=run.provenance_hash,
        cells=cells,
    )
