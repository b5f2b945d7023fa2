"""Analyses: asked for, claimed by one process at a time, done.

Owns: that the same analysis is asked for once, that two processes never do one at a time, and
that one whose process died is done by the next. Does not cover: what an analysis computes (workers,
search), nor which of a run's analyses belong together.

A claim is judged as a lease is: it is over when its holder is a process of this machine that is
gone, or when it has run out by the database's clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from storage import models, records
from storage.canonical_json import canonical_json, content_hash, storable
from storage.clock import database_now, database_time, utc_now
from storage.database import Database
from storage.errors import QueryError
from storage.events import append_event
from storage.lease_owner import is_dead
from storage.locks import find_study, lock_study, no_run
from storage.models import Analysis, Run, Study
from storage.upserts import insert_missing


@dataclass(frozen=True)
class Asked:
    """An analysis that is asked for; `run_id` is None for one of the whole study."""

    study: str
    run_id: str | None
    name: str
    parameters: Mapping[str, Any]

    @property
    def id(self) -> str:
        """What it is: the same question has the same id."""
        parts = [self.study, self.run_id, self.name, dict(self.parameters)]
        return content_hash(canonical_json(parts))


class Analyses:
    """What was computed inside runs, and what is to be."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, asked: Sequence[Asked]) -> list[records.Analysis]:
        """Queue analyses that are not there yet, and those that failed; all of them, in order.

        Raises:
            StudyNotFound: there is no such study.
            RunNotFound: there is no such run.
        """
        with self._database.writing() as session:
            ids = {one.study: find_study(session, one.study).id for one in asked}
            for one in asked:
                if one.run_id is not None and session.get(Run, one.run_id) is None:
                    raise no_run(session, one.run_id)
            rows = [_row(one, study_id=ids[one.study]) for one in asked]
            insert_missing(session, Analysis, rows)
            again = {"state": "queued", "error": None, "owner": None, "queued_at": utc_now()}
            failed = (Analysis.id.in_([one.id for one in asked]), Analysis.state == "failed")
            session.execute(update(Analysis).where(*failed).values(again))
        return self.get([one.id for one in asked])

    def get(self, ids: Sequence[str]) -> list[records.Analysis]:
        """Return analyses in the order of their ids; ids that are unknown are left out."""
        found = {one.id: one for one in self._read(Analysis.id.in_(list(ids)))}
        return [found[one] for one in ids if one in found]

    def of_run(self, run_id: str) -> list[records.Analysis]:
        """Return all analyses of a run, oldest first.

        Raises:
            RunNotFound: there is no such run.
        """
        with self._database.reading() as session:
            if session.get(Run, run_id) is None:
                raise no_run(session, run_id)
        return self._read(Analysis.run_id == run_id)

    def of_study(self, study: str) -> list[records.Analysis]:
        """Return all analyses of a study as a whole, oldest first.

        Raises:
            StudyNotFound: there is no such study.
        """
        with self._database.reading() as session:
            found = find_study(session, study).id
        return self._read(and_(Analysis.study_id == found, Analysis.run_id.is_(None)))

    def of_runs(
        self, study: str, *, name: str, among: Collection[str] | None = None
    ) -> list[records.Analysis]:
        """Return the completed analyses of one name of a study's runs, oldest first.

        Args:
            study: The study.
            name: The analysis.
            among: Only of these runs; None: of all.
        """
        with self._database.reading() as session:
            found = find_study(session, study).id
        of_runs = and_(Analysis.study_id == found, Analysis.run_id.is_not(None))
        if among is not None:
            of_runs = and_(of_runs, Analysis.run_id.in_(list(among)))
        return self._read(and_(of_runs, Analysis.name == name, Analysis.state == "completed"))

    def run_ids(self, study: str) -> list[str]:
        """Return the ids of a study's runs that have an analysis, in the order of the plan."""
        with self._database.reading() as session:
            found = find_study(session, study).id
            query = (
                select(Run.id)
                .where(Run.id.in_(select(Analysis.run_id).where(Analysis.study_id == found)))
                .order_by(Run.position, Run.id)
            )
            return list(session.scalars(query))

    def is_any_waiting(self) -> bool:
        """Say whether one is to be done that nobody does."""
        with self._database.reading() as session:
            waiting = select(Analysis.id).where(_is_free(_gone_holders(session))).limit(1)
            return session.scalar(waiting) is not None

    def waiting(self) -> list[records.Analysis]:
        """Return those that are to be done and that nobody does, oldest first."""
        with self._database.reading() as session:
            free = _is_free(_gone_holders(session))
        return self._read(free)

    def claim(
        self, *, owner: str, ttl_s: float, among: Collection[str] | None = None
    ) -> records.Analysis | None:
        """Take the analysis that has waited longest, if there is one; two callers never get one.

        Args:
            owner: Who asks.
            ttl_s: How long the claim lasts unless it is renewed.
            among: Only these ids; None: any.
        """
        with self._database.writing() as session:
            free = _is_free(_gone_holders(session))
            query = select(Analysis).where(free)
            if among is not None:
                query = query.where(Analysis.id.in_(list(among)))
            query = query.order_by(Analysis.queued_at, Analysis.id).limit(1)
            found = session.scalar(query.with_for_update(skip_locked=True))
            if found is None:
                return None
            found.state, found.owner = "running", owner
            found.owned_until_epoch_s = database_time(session, ahead_s=ttl_s)
            claimed = found.id
        return self.get([claimed])[0]

    def renew(self, ids: Collection[str], *, owner: str, ttl_s: float) -> None:
        """Make claims last `ttl_s` from now; those of somebody else are left alone."""
        with self._database.writing() as session:
            mine = (Analysis.id.in_(list(ids)), Analysis.owner == owner)
            until = database_time(session, ahead_s=ttl_s)
            session.execute(update(Analysis).where(*mine).values(owned_until_epoch_s=until))

    def give_back(self, ids: Collection[str], *, owner: str) -> None:
        """Queue claimed analyses again that were not done."""
        with self._database.writing() as session:
            mine = (Analysis.id.in_(list(ids)), Analysis.owner == owner)
            running = (*mine, Analysis.state == "running")
            values = {"state": "queued", "owner": None, "owned_until_epoch_s": None}
            session.execute(update(Analysis).where(*running).values(values))

    def finish(
        self,
        analysis_id: str,
        *,
        owner: str,
        summary: Mapping[str, object],
        artifact: str,
        seconds: float,
    ) -> bool:
        """Record what came of it; False where somebody else has claimed it meanwhile."""
        values = {"summary": dict(summary), "artifact": artifact, "seconds": seconds}
        return self._end(analysis_id, owner=owner, state="completed", values=values)

    def fail(self, analysis_id: str, *, owner: str, error: str) -> bool:
        """Record why it cannot be done; False where somebody else has claimed it meanwhile."""
        return self._end(
            analysis_id, owner=owner, state="failed", values={"error": storable(error)}
        )

    def _end(self, analysis_id: str, *, owner: str, state: str, values: dict[str, Any]) -> bool:
        over = {"owner": None, "owned_until_epoch_s": None, "finished_at": utc_now()}
        with self._database.writing() as session:
            study = select(Study.name).join(Analysis, Analysis.study_id == Study.id)
            name = session.scalar(study.where(Analysis.id == analysis_id))
            if name is None:
                raise QueryError(f"there is no analysis '{analysis_id}'")
            locked = lock_study(session, name)  # events get their ids in the order of commits
            mine = (Analysis.id == analysis_id, Analysis.owner == owner)
            done = session.execute(
                update(Analysis)
                .where(*mine)
                .values(state=state, **over, **values)
                .returning(Analysis.run_id, Analysis.name)
            ).first()
            if done is None:
                return False
            append_event(
                session, locked.id, "analysis_finished", run=done[0], name=done[1], state=state
            )
            return True

    def _read(self, where: ColumnElement[bool]) -> list[records.Analysis]:
        with self._database.reading() as session:
            query = _select().where(where).order_by(Analysis.queued_at, Analysis.id)
            return [_record(analysis, study) for analysis, study in session.execute(query)]


def _row(asked: Asked, *, study_id: int) -> dict[str, Any]:
    return {
        "id": asked.id,
        "study_id": study_id,
        "run_id": asked.run_id,
        "name": asked.name,
        "parameters": dict(asked.parameters),
        "state": "queued",
        "queued_at": utc_now(),
    }


def _select() -> Select[*tuple[Any, ...]]:
    return select(Analysis, Study.name).join(Study, Study.id == Analysis.study_id)


def _record(row: models.Analysis, study: str) -> records.Analysis:
    return records.Analysis(
        id=row.id,
        study=study,
        run_id=row.run_id,
        name=row.name,
        parameters=row.parameters,
        state=row.state,
        summary=row.summary,
        artifact=row.artifact,
        error=row.error,
        seconds=row.seconds,
        queued_at=row.queued_at,
        finished_at=row.finished_at,
    )


def _is_free(gone: Sequence[str]) -> ColumnElement[bool]:
    over = func.coalesce(Analysis.owned_until_epoch_s, 0.0) <= database_now()
    abandoned = and_(Analysis.state == "running", or_(over, Analysis.owner.in_(gone)))
    return or_(Analysis.state == "queued", abandoned)


def _gone_holders(session: Session) -> list[str]:
    held = select(Analysis.owner).where(Analysis.owner.is_not(None)).distinct()
    return [owner for owner in session.scalars(held) if owner and is_dead(owner)]
