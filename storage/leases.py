"""The lease on a study: one driver at a time, and a dead one is succeeded.

Owns: taking, renewing and giving back the lease, judged by the database's clock.
Does not cover: what the holder writes (`locks.py` checks the lease there).
"""

from __future__ import annotations

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from storage.clock import database_now
from storage.database import Database
from storage.errors import LeaseHeld
from storage.locks import lock_owned_study, lock_study
from storage.models import Study
from storage.records import Lease
from storage.study_states import change_state


class Leases:
    """Who drives a study."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, study: str, *, owner: str, ttl_s: float) -> Lease:
        """Take the lease if it is free, has run out, or is the caller's own already.

        Raises:
            LeaseHeld: if somebody else holds it, with the seconds it has left.
        """
        with self._database.writing() as session:
            found = lock_study(session, study)
            previous = found.lease_owner
            free = or_(
                Study.lease_owner.is_(None),
                Study.lease_expires_epoch_s <= database_now(),
                Study.lease_owner == owner,
            )
            taken = session.execute(
                update(Study)
                .where(Study.id == found.id, free)
                .values(lease_owner=owner, lease_expires_epoch_s=database_now() + ttl_s)
                .execution_options(synchronize_session=False)
                .returning(Study.id)
            ).first()
            if taken is None:
                raise LeaseHeld(
                    study, owner=str(previous), seconds_left=seconds_left(session, found)
                )
            return Lease(study, owner, ttl_s, previous)

    def claim(self, *, owner: str, ttl_s: float) -> str | None:
        """Take the lease of the study that has waited longest for a driver; None if none waits.

        Two callers never get the same one, and neither waits for the other.
        """
        with self._database.writing() as session:
            first = _waiting().limit(1).with_for_update(skip_locked=True)
            study = session.scalar(first)
            if study is None:
                return None
            study.lease_owner = owner
            study.lease_expires_epoch_s = session.scalar(select(database_now() + ttl_s))
            return study.name

    def is_any_waiting(self) -> bool:
        """Say whether a study waits for a driver."""
        with self._database.reading() as session:
            return session.scalar(_waiting().limit(1)) is not None

    def renew(self, study: str, *, owner: str, ttl_s: float) -> Lease:
        """Make the lease last `ttl_s` from now.

        Raises:
            LeaseLost: if somebody else took it meanwhile, or it was given back.
        """
        with self._database.writing() as session:
            found = lock_owned_study(session, study, owner=owner)
            session.execute(
                update(Study)
                .where(Study.id == found.id)
                .values(lease_expires_epoch_s=database_now() + ttl_s)
                .execution_options(synchronize_session=False)
            )
            return Lease(study, owner, ttl_s, owner)

    def release(self, study: str, *, owner: str, state: str | None = None) -> None:
        """Give the lease back, setting the study's state in the same transaction if named.

        Raises:
            LeaseLost: if the caller does not hold it.
        """
        with self._database.writing() as session:
            found = lock_owned_study(session, study, owner=owner)
            if state is not None:
                change_state(session, found, state)
            found.lease_owner = None
            found.lease_expires_epoch_s = None


def _waiting() -> Select[Study]:
    """Studies that wait: queued, or being driven by somebody whose lease has run out."""
    free = or_(Study.lease_owner.is_(None), Study.lease_expires_epoch_s <= database_now())
    wanted = (Study.state.in_(("queued", "running")), Study.stop_requested.is_(False))
    return select(Study).where(free, *wanted).order_by(Study.id)


def seconds_left(session: Session, study: Study) -> float:
    """Return how long a study's lease still lasts; zero or less where it does not."""
    now = session.scalar(select(database_now())) or 0.0
    return (study.lease_expires_epoch_s or now) - now
