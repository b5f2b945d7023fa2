"""Who may write: the study's row is the lock of everything under it.

Owns: locking a study, and checking in the same transaction that the caller still holds its lease.
Because every writer locks the study first, a lease cannot change hands between the check and the
commit, and a study's events get their ids in the order of their commits.
Does not cover: taking and renewing a lease (`leases.py`).
"""

from __future__ import annotations

from difflib import get_close_matches

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.errors import LeaseLost, RunNotFound, StudyNotFound
from storage.models import Run, Study


def find_study(session: Session, name: str) -> Study:
    """Return a study by its name."""
    study = session.scalar(select(Study).where(Study.name == name))
    return study or _no_study(session, name)


def lock_study(session: Session, name: str) -> Study:
    """Return a study and hold it against all other writers until the transaction ends."""
    study = session.scalar(select(Study).where(Study.name == name).with_for_update())
    return study or _no_study(session, name)


def lock_owned_study(session: Session, name: str, *, owner: str) -> Study:
    """Lock a study for the holder of its lease.

    A lease that ran out but was taken by nobody still counts: nobody else can have written.

    Raises:
        LeaseLost: if somebody else, or nobody, holds it.
    """
    study = lock_study(session, name)
    if study.lease_owner != owner:
        raise LeaseLost(name, owner=owner, holder=study.lease_owner)
    return study


def lock_owned_run(session: Session, run_id: str, *, owner: str) -> tuple[Study, Run]:
    """Lock the study of a run for the holder of its lease; return the run as it is then."""
    name = session.scalar(select(Study.name).join(Run).where(Run.id == run_id))
    if name is None:
        raise no_run(session, run_id)
    study = lock_owned_study(session, name, owner=owner)
    return study, session.get_one(Run, run_id, populate_existing=True)


def no_run(session: Session, run_id: str) -> RunNotFound:
    """Return the error for a run id that does not exist, naming ids that begin alike."""
    for length in (8, 4, 2):
        near = Run.id.startswith(run_id[:length], autoescape=True)
        ids = session.scalars(select(Run.id).where(near).order_by(Run.id).limit(3)).all()
        if run_id and ids:
            return RunNotFound(f"there is no run '{run_id}'; closest: {', '.join(ids)}")
    return RunNotFound(f"there is no run '{run_id}'; a run's id is 16 hex digits")


def _no_study(session: Session, name: str) -> Study:
    names = sorted(session.scalars(select(Study.name)))
    near = get_close_matches(name, names, n=3, cutoff=0.5) or names[:3]
    told = f"closest: {', '.join(near)}" if near else "there are none yet"
    raise StudyNotFound(f"there is no study '{name}'; {told}")
