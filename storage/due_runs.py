"""The runs that are due.

Owns: their order: baselines first (every verdict waits for one), then by position.
Does not cover: starting them (`dispatch.py`).
"""

from __future__ import annotations

import json

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from storage.models import Configuration, Host, Run, Study
from storage.new_rows import BASELINE
from storage.records import DueRun


def due_runs(session: Session, study: Study, *, limit: int) -> list[DueRun]:
    """Return up to `limit` pending runs of a study."""
    baselines = _pending(session, study, kinds=Run.kind == BASELINE, limit=limit)
    others = _pending(session, study, kinds=Run.kind != BASELINE, limit=limit - len(baselines))
    return baselines + others


def _pending(
    session: Session, study: Study, *, kinds: ColumnElement[bool], limit: int
) -> list[DueRun]:
    query = (
        select(Run, Host.position, Configuration.configuration_id, Configuration.canonical)
        .join(Host, Run.host_id == Host.id)
        .outerjoin(Configuration, Run.configuration_pk == Configuration.pk)
        .where(Run.study_id == study.id, Run.state == "pending", kinds)
        .order_by(Run.position, Run.id)
        .limit(limit)
    )
    return [
        DueRun(
            id=run.id,
            host=host,
            kind=run.kind,
            configuration=json.loads(canonical) if canonical else None,
            configuration_id=configuration_id,
            seed=run.seed,
            baseline_seed=run.baseline_seed,
            position=run.position,
            trial_number=run.trial_number,
            attempt=run.attempt,
            failures=run.failures,
            method=json.loads(run.method) if run.method else None,
        )
        for run, host, configuration_id, canonical in session.execute(query)
    ]
