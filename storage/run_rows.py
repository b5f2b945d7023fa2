"""From rows to `records.Run`.

Owns: the one query that a run is read by, and adding its cells. It asks for columns and builds the
records straight from them: an export reads a hundred thousand runs.
Does not cover: which runs, and in what order (`listing.py`, `rates.py`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from storage import records
from storage.bounded_cells import load_bounded
from storage.generation import COLUMNS, Generation
from storage.models import Cell, Configuration, Host, Run, Study

RunQuery = Select[*tuple[Any, ...]]
_CHUNK = 5_000
_RUN_COLUMNS = {
    "id": Run.id,
    "study": Study.name,
    "host": Host.position,
    "backbone": Host.backbone,
    "adapter": Host.adapter_label,
    "kind": Run.kind,
    "seed": Run.seed,
    "baseline_seed": Run.baseline_seed,
    "position": Run.position,
    "configuration": Configuration.canonical,
    "configuration_id": Configuration.configuration_id,
    "trial_number": Run.trial_number,
    "state": Run.state,
    "attempt": Run.attempt,
    "failures": Run.failures,
    "worker": Run.worker,
    "error": Run.error,
    "g1": Run.g1,
    "verdict": Run.verdict,
    "mean_delta": Run.mean_delta,
    "worst_delta": Run.worst_delta,
    "compute_s": Run.compute_s,
    "started_at": Run.started_at,
    "finished_at": Run.finished_at,
    "checkpoint_artifact": Run.checkpoint_artifact,
    "provenance_hash": Run.provenance_hash,
    "kl_to_baseline": Run.kl_to_baseline,
    "null_scale": Run.null_scale,
    "held_out_artifact": Run.held_out_artifact,
    "method": Run.method,
}
_CELL_COLUMNS = {
    "benchmark": Cell.benchmark,
    "n_items": Cell.n_items,
    "n_correct": Cell.n_correct,
    "score": Cell.score,
    "baseline_n_correct": Cell.baseline_n_correct,
    "baseline_score": Cell.baseline_score,
    "delta": Cell.delta,
    "helped": Cell.helped,
    "hurt": Cell.hurt,
    "changed": Cell.changed,
    "seconds": Cell.seconds,
    "responses_artifact": Cell.responses_artifact,
}
_GENERATION_COLUMNS = [getattr(Cell, name) for name in COLUMNS]


def select_runs() -> RunQuery:
    """Return the query all runs are read by; callers narrow and order it."""
    return (
        select(*_RUN_COLUMNS.values())
        .select_from(Run)
        .join(Host, Run.host_id == Host.id)
        .join(Study, Run.study_id == Study.id)
        .outerjoin(Configuration, Run.configuration_pk == Configuration.pk)
    )


def load_runs(session: Session, query: RunQuery) -> list[records.Run]:
    """Run the query and add each run's cells."""
    rows = session.execute(query).all()
    cells = _load_cells(session, [row[0] for row in rows])
    runs = [_record(row, cells=cells[row[0]]) for row in rows]
    early = [run.id for run in runs if run.ended_early]
    bounds = load_bounded(session, early) if early else {}
    return [replace(run, bounds=bounds[run.id]) if run.id in bounds else run for run in runs]


def _load_cells(session: Session, run_ids: Sequence[str]) -> dict[str, dict[str, records.Cell]]:
    cells: dict[str, dict[str, records.Cell]] = defaultdict(dict)
    columns = select(Cell.run_id, *_CELL_COLUMNS.values(), *_GENERATION_COLUMNS)
    for start in range(0, len(run_ids), _CHUNK):
        chunk = run_ids[start : start + _CHUNK]
        query = columns.where(Cell.run_id.in_(chunk)).order_by(Cell.run_id, Cell.benchmark)
        for run_id, *values in session.execute(query):
            counted = Generation.of(values[len(_CELL_COLUMNS) :])
            named = dict(zip(_CELL_COLUMNS, values, strict=False))
            cell = records.Cell(**named, generation=counted)
            cells[run_id][cell.benchmark] = cell
    return cells


def _record(row: Row[*tuple[Any, ...]], *, cells: dict[str, records.Cell]) -> records.Run:
    values = dict(zip(_RUN_COLUMNS, row, strict=True))
    if values["configuration"] is not None:
        values["configuration"] = json.loads(values["configuration"])
    if values["method"] is not None:
        values["method"] = json.loads(values["method"])
    return records.Run(**values, cells=cells)
