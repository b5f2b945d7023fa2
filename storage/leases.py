"""The lease on a study: one driver at a time, and a dead one is succeeded.

Owns: taking, renewing and giving back the lease. Does not cover: what the holder writes (`locks.py`
checks the lease there), and what the study becomes (`study_states.py`).

A lease is over when it was given back, when its holder is a process of this machine that is gone
(`lease_owner.py`), or when it has run out by the database's clock. A clock can be set, and then a
living driver's lease has run out too, or a dead one's lasts for days. So who means to take over
watches first (`watch_s`), by a clock that nobody sets: a living driver renews its lease meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Select, or_, select, tuple_
from sqlalchemy.orm import Session

from storage import study_states
from storage.clock import database_now, database_time
from storage.database import Database
from storage.errors import LeaseHeld
from storage.lease_owner import is_dead
from storage.locks import lock_owned_study, lock_study
from storage.models import Study
from storage.records import LIVE, Lease

LONGEST_LEASE_S = 3600.0  # one that claims to last longer was written before the clock was set back
Mark = tuple[int, float]  # a study, and when its lease runs out: renewed, it is another mark


class Leases:
    """Who drives a study.

    Args:
        database: Where.
        sleep: How watching waits.
    """

    def __init__(self, database: Database, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._database = database
        self._sleep = sleep

    def acquire(self, study: str, *, owner: str, ttl_s: float, watch_s: float = 0.0) -> Lease:
        """Take the lease if it is over, or is the caller's own already.

        Raises:
            LeaseHeld: if somebody else holds it, with the seconds it has left.
        """
        watched: tuple[Mark, ...] = ()
        if watch_s > 0 and (mark := self._silent(study, owner=owner)):
            self._sleep(watch_s)
            watched = (mark,)
        with self._database.writing() as session:
            found = lock_study(session, study)
            previous = found.lease_owner
            free = previous in (None, owner) or is_dead(previous or "")
            if (
                not free
                and (watch_s > 0 or not found.lease_is_over)
                and _mark(found) not in watched
            ):
                left = seconds_left(session, found)
                raise LeaseHeld(study, owner=str(previous), seconds_left=left)
            _hand_over(session, found, owner=owner, ttl_s=ttl_s)
            return Lease(study, owner, ttl_s, previous)

    def claim(self, *, owner: str, ttl_s: float, watch_s: float = 0.0) -> str | None:
        """Take the lease of the study that has waited longest for a driver; None if none waits.

        Two callers never get the same one, and neither waits for the other. Studies that wait are
        taken before those whose lease has run out, which are watched first. One that comes from a
        driver that is gone has a setback more; after three it lets others pass.
        """
        gone = self._gone_holders()
        free = or_(Study.lease_owner.is_(None), Study.lease_owner.in_(gone))
        if watch_s == 0:
            free = or_(free, Study.lease_is_over)
        claimed = self._claim(free, owner=owner, ttl_s=ttl_s)
        if claimed is None and watch_s > 0 and (silent := self._all_silent()):
            self._sleep(watch_s)
            marks = tuple_(Study.id, Study.lease_expires_epoch_s).in_(silent)
            claimed = self._claim(marks, owner=owner, ttl_s=ttl_s)
        return claimed

    def is_any_waiting(self) -> bool:
        """Say whether a study waits for a driver."""
        free = or_(_is_silent(), Study.lease_owner.in_(self._gone_holders()))
        with self._database.reading() as session:
            return session.scalar(_waiting(free).limit(1)) is not None

    def renew(self, study: str, *, owner: str, ttl_s: float) -> Lease:
        """Make the lease last `ttl_s` from now.

        Raises:
            LeaseLost: if somebody else took it meanwhile, or it was given back.
        """
        with self._database.writing() as session:
            found = lock_owned_study(session, study, owner=owner)
            found.lease_expires_epoch_s = database_time(session, ahead_s=ttl_s)
            return Lease(study, owner, ttl_s, owner)

    def release(
        self,
        study: str,
        *,
        owner: str,
        state: str | None = None,
        as_wished: bool = False,
        reason: str | None = None,
        setback: bool = False,
    ) -> str:
        """Give the lease back; the study's state then.

        With a state, all in one transaction: runs in flight are pending again, and a wish that came
        meanwhile decides (`study_states.settle`).

        Args:
            study: The study.
            owner: Who holds the lease.
            state: What to leave the study in; None: as it is.
            as_wished: The driver ends because a stop was wished.
            reason: Why, where there is more to say than the state.
            setback: The driver ended early: a scheduler pauses before it tries again.

        Raises:
            LeaseLost: if the caller does not hold it.
        """
        with self._database.writing() as session:
            found = lock_owned_study(session, study, owner=owner)
            if state is not None:
                study_states.settle(session, found, state, as_wished=as_wished)
                study_states.say_why(found, reason)
            if setback and found.state == "queued":
                study_states.set_back(session, found, pause=True)
            found.lease_owner = found.lease_expires_epoch_s = None
            return found.state

    def _claim(self, free: ColumnElement[bool], *, owner: str, ttl_s: float) -> str | None:
        with self._database.writing() as session:
            first = _waiting(free).limit(1).with_for_update(skip_locked=True)
            study = session.scalar(first)
            if study is None:
                return None
            if study.lease_owner is not None:
                study_states.set_back(session, study, pause=False)
            _hand_over(session, study, owner=owner, ttl_s=ttl_s)
            return study.name

    def _gone_holders(self) -> list[str]:
        """Holders of leases that are known to be gone."""
        held = select(Study.lease_owner).where(Study.lease_owner.is_not(None)).distinct()
        with self._database.reading() as session:
            return [owner for owner in session.scalars(held) if owner and is_dead(owner)]

    def _all_silent(self) -> Sequence[Mark]:
        with self._database.reading() as session:
            return [_mark(study) for study in session.scalars(_waiting(_is_silent()))]

    def _silent(self, name: str, *, owner: str) -> Mark | None:
        """The mark of a lease of somebody else that has run out; None: there is none to watch."""
        held = Study.lease_owner.is_not(None) & (Study.lease_owner != owner)
        with self._database.reading() as session:
            study = session.scalar(select(Study).where(Study.name == name, held, _is_silent()))
            return None if study is None or is_dead(study.lease_owner or "") else _mark(study)


def seconds_left(session: Session, study: Study) -> float:
    """Return how long a study's lease still lasts; zero or less where it does not."""
    now = database_time(session)
    return (study.lease_expires_epoch_s or now) - now


def _waiting(free: ColumnElement[bool]) -> Select[Study]:
    """Studies that wait for a driver: unfinished, not being driven, their pause over."""
    unfinished = Study.state.in_(LIVE)
    rested = or_(
        Study.not_before_epoch_s.is_(None),
        Study.not_before_epoch_s <= database_now(),
        Study.not_before_epoch_s
        > database_now() + LONGEST_LEASE_S,  # before the clock was set back
        Study.stop_requested,
    )
    query = select(Study).where(free, unfinished, rested)
    return query.order_by(Study.setbacks > 2, Study.id)


def _is_silent() -> ColumnElement[bool]:
    """Leases that have run out by the database's clock, or that no clock could have given."""
    return or_(Study.lease_is_over, Study.lease_expires_epoch_s > database_now() + LONGEST_LEASE_S)


def _hand_over(session: Session, study: Study, *, owner: str, ttl_s: float) -> None:
    study.lease_owner, study.lease_expires_epoch_s = owner, database_time(session, ahead_s=ttl_s)


def _mark(study: Study) -> Mark:
    return study.id, study.lease_expires_epoch_s or 0.0
