"""The log of what happened to a study.

Owns: appending an event inside the transaction of what it tells of, and reading on from an id.
Does not cover: who listens. Kinds: study_started, run_started, cell_scored, cell_bounded (not
evaluated in full), run_finished, run_scored (a run finished before its baseline got its verdict),
run_failed, run_requeued, analysis_finished, study_finished (its payload's `state` says how).
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage import models, records
from storage.clock import utc_now
from storage.database import Database
from storage.locks import find_study


def append_event(session: Session, study_id: int, event: str, /, **payload: object) -> None:
    """Append an event; the caller holds the study's lock (`locks.py`)."""
    session.add(models.Event(study_id=study_id, at=utc_now(), kind=event, payload=payload))


class Events:
    """Reading the log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, study: str, after_id: int = 0, *, limit: int = 1000) -> list[records.Event]:
        """Return up to `limit` events of a study with an id above `after_id`, in order."""
        with self._database.reading() as session:
            found = find_study(session, study)
            rows = session.scalars(
                select(models.Event)
                .where(models.Event.study_id == found.id, models.Event.id > after_id)
                .order_by(models.Event.id)
                .limit(limit)
            )
            return [records.Event(row.id, row.at, row.kind, row.payload) for row in rows]

    def latest(self, studies: Collection[str]) -> dict[str, tuple[str, int]]:
        """Return the state and the newest event's id (0: none) of each of these studies."""
        newest = (
            select(func.max(models.Event.id))
            .where(models.Event.study_id == models.Study.id)
            .scalar_subquery()
        )
        query = select(models.Study.name, models.Study.standing, func.coalesce(newest, 0))
        with self._database.reading() as session:
            rows = session.execute(query.where(models.Study.name.in_(studies)))
            return {name: (state, event_id) for name, state, event_id in rows}
