"""Studies: creating them, their state, and where they stand.

Owns: the study's own row and its plan, the wish to stop, and the counts of `talan study status`.
Does not cover: who drives it (`leases.py`) and what its runs do (`dispatch.py`, `results.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage import models, records
from storage.clock import utc_now
from storage.database import Database
from storage.errors import LeaseHeld, StudyExists
from storage.insert_plan import insert_hosts, insert_runs
from storage.leases import seconds_left
from storage.locks import find_study, lock_owned_study, lock_study
from storage.new_rows import RunPlan, StudyPlan
from storage.study_states import change_state, wish_to_go_on, wish_to_stop
from storage.study_status import read_status, standing_reason
from storage.upserts import insert_missing


class Studies:
    """All studies of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, plan: StudyPlan) -> records.Study:
        """Record a new study, its hosts and its runs; state `queued`.

        The same specification again gives the recorded study, with `created` false.

        Raises:
            StudyExists: if the name is taken by another specification.
            PlanError: if the plan contradicts itself.
        """
        with self._database.writing() as session:
            taken = select(models.Study.id).where(models.Study.name == plan.name)
            known = session.scalar(taken)
            if known is None:
                insert_missing(session, models.Study, [_study_row(plan)])
            study = lock_study(session, plan.name)
            if study.spec_hash != plan.spec_hash:
                raise StudyExists(
                    f"study '{plan.name}' exists with another specification; choose another name"
                )
            created = not _hosts(session, study)
            if created:
                hosts = insert_hosts(session, study, plan.hosts)
                insert_runs(session, study, hosts=hosts, runs=plan.runs)
            return replace(_record(session, study), created=created)

    def add_runs(self, study: str, *, owner: str, runs: Sequence[RunPlan]) -> list[str]:
        """Add runs to a study (adaptive designs); those it has already stay as they are.

        Returns:
            The ids of all of `runs`, in order.
        """
        with self._database.writing() as session:
            found = lock_owned_study(session, study, owner=owner)
            return insert_runs(session, found, hosts=_hosts(session, found), runs=runs)

    def get(self, study: str) -> records.Study:
        """Return a study."""
        with self._database.reading() as session:
            return _record(session, find_study(session, study))

    def names(self) -> list[str]:
        """Return the names of all studies, oldest first."""
        with self._database.reading() as session:
            return list(session.scalars(select(models.Study.name).order_by(models.Study.id)))

    def status(self, study: str) -> records.StudyStatus:
        """Return where a study stands."""
        with self._database.reading() as session:
            return read_status(session, [find_study(session, study)])[0]

    def set_state(self, study: str, state: str, *, owner: str | None = None) -> None:
        """Set a study's state, as the holder of its lease, or (no owner) while nobody holds it.

        Raises:
            LeaseLost: if `owner` does not hold the lease.
            LeaseHeld: if no owner is given and somebody does.
        """
        with self._database.writing() as session:
            if owner is not None:
                found = lock_owned_study(session, study, owner=owner)
            else:
                found = _lock_unheld(session, study)
            change_state(session, found, state)

    def stop(self, study: str) -> None:
        """Have a study stopped: at once where nobody drives it, else by its driver.

        Raises:
            StudyNotFound: No such study.
        """
        with self._database.writing() as session:
            wish_to_stop(session, lock_study(session, study))

    def queue(self, study: str) -> None:
        """Have a scheduler go on with a study; one that is being driven goes on as it is.

        Raises:
            StudyNotFound: No such study.
        """
        with self._database.writing() as session:
            wish_to_go_on(session, lock_study(session, study))

    def clear_stop(self, study: str) -> None:
        """Take the wish to stop back (a study is resumed)."""
        with self._database.writing() as session:
            lock_study(session, study).stop_requested = False

    def is_stop_requested(self, study: str) -> bool:
        """Say whether somebody asked for a stop."""
        with self._database.reading() as session:
            return find_study(session, study).stop_requested

    def provenance(self, study: str) -> list[records.Provenance]:
        """Return what produced the study's runs, the most frequent first."""
        with self._database.reading() as session:
            found, count = find_study(session, study), func.count()
            rows = session.execute(
                select(models.Run.provenance_hash, count)
                .where(models.Run.study_id == found.id)
                .group_by(models.Run.provenance_hash)
                .order_by(count.desc(), models.Run.provenance_hash)
            ).all()
            return [
                records.Provenance(name, session.get_one(models.Provenance, name).data, num_runs)
                for name, num_runs in rows
                if name is not None
            ]

    def list(self) -> Sequence[records.StudyStatus]:
        """Return where all studies stand, oldest first."""
        with self._database.reading() as session:
            studies = session.scalars(select(models.Study).order_by(models.Study.id)).all()
            return read_status(session, studies)


def _lock_unheld(session: Session, name: str) -> models.Study:
    study = lock_study(session, name)
    left = seconds_left(session, study)
    if study.lease_owner is not None and left > 0:
        raise LeaseHeld(name, owner=study.lease_owner, seconds_left=left)
    return study


def _study_row(plan: StudyPlan) -> dict[str, object]:
    return {
        "name": plan.name,
        "spec": dict(plan.spec),
        "spec_hash": plan.spec_hash,
        "design": dict(plan.design),
        "sampler": str(plan.design.get("sampler", "")),
        "recipe_hash": plan.recipe_hash,
        "artifact_url": plan.artifact_url,
        "state": "queued",
        "stop_requested": False,
        "created_at": utc_now(),
    }


def _hosts(session: Session, study: models.Study) -> list[models.Host]:
    query = select(models.Host).where(models.Host.study_id == study.id)
    return list(session.scalars(query.order_by(models.Host.position)))


def _record(session: Session, study: models.Study) -> records.Study:
    hosts = tuple(
        records.Host(
            index=host.position,
            backbone=host.backbone,
            adapter_label=host.adapter_label,
            adapter=host.adapter,
            num_layers=host.num_layers,
            fingerprint=host.fingerprint,
        )
        for host in _hosts(session, study)
    )
    return records.Study(
        name=study.name,
        state=study.standing,
        reason=standing_reason(study),
        spec=study.spec,
        spec_hash=study.spec_hash,
        design=study.design,
        recipe_hash=study.recipe_hash,
        artifact_url=study.artifact_url,
        hosts=hosts,
        stop_requested=study.stop_requested,
        lease_owner=study.lease_owner,
        created_at=study.created_at,
        started_at=study.started_at,
        finished_at=study.finished_at,
    )
