"""The states of a study: how it gets from one to the next, and that none is a dead end.

Owns: queued, running, stopped, completed, failed; their timestamps and events; what a state becomes
when a wish (go on, stop) meets it. Does not cover: who may change it (`locks.py`, `leases.py`).

    queued ----> running ----> completed | failed | stopped        a driver, under its lease
    queued | running ----> stopped                                 the wish to stop
    stopped | completed | failed ----> queued                      the wish to go on
    running ----> queued                                           a driver that ended early

Only queued and running studies are unfinished, and every one of them has somebody to come: its
driver while that lives, else the next one, which claims it once the lease is over (`leases.py`). A
wish that meets a living driver is kept in the study's row; the driver follows it, and where it dies
before, whoever claims the study does. Until then the wish to stop counts as followed
(`Study.standing`): nobody works on the study.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.canonical_json import storable
from storage.clock import database_time, utc_now
from storage.errors import PlanError
from storage.events import append_event
from storage.lease_owner import is_dead
from storage.models import Run, Study
from storage.records import LIVE, STUDY_STATES
from storage.secrets import without_secrets

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0
_LONGEST_REASON = 2_000


def change_state(session: Session, study: Study, state: str) -> None:
    """Set a locked study's state; nothing happens where it is in that state already.

    Raises:
        PlanError: if there is no such state.
    """
    if state not in STUDY_STATES:
        raise PlanError(f"there is no study state '{state}'; use one of {', '.join(STUDY_STATES)}")
    if study.state == state:
        return
    study.state = state
    if state == "queued":
        return
    if state == "running":
        study.started_at = study.started_at or utc_now()
        study.finished_at = None
        study.reason = None
        append_event(session, study.id, "study_started")
        return
    study.finished_at = utc_now()
    append_event(session, study.id, "study_finished", state=state)


def is_undriven(study: Study) -> bool:
    """Whether a locked study is known to have no driver; a lease alone may run out by a clock."""
    return study.lease_owner is None or is_dead(study.lease_owner)


def wish_to_stop(session: Session, study: Study) -> None:
    """Have a locked study stopped: at once where nobody drives it, else by its driver."""
    study.stop_requested = True
    if is_undriven(study) and study.state in LIVE:
        study.lease_owner = study.lease_expires_epoch_s = None
        requeue_running(session, study)
        change_state(session, study, "stopped")


def wish_to_go_on(session: Session, study: Study) -> None:
    """Have a locked study gone on with; what is being driven goes on as it is.

    A driver that has the lease and is not running yet may still fail: the wish is kept as the state
    `queued`, which outlives that driver.
    """
    study.stop_requested = False
    forget_setbacks(study)
    if study.state != "running" or study.lease_is_over or is_undriven(study):
        change_state(session, study, "queued")


def settle(session: Session, study: Study, state: str, *, as_wished: bool) -> None:
    """Leave a locked study in a state; a wish that came meanwhile decides.

    Args:
        session: The transaction.
        study: The study, its lease held by the caller.
        state: What the driver leaves it in.
        as_wished: The driver stopped because that was wished.
    """
    if state == "queued" and study.stop_requested:
        state = "stopped"
    elif state == "stopped" and as_wished and not study.stop_requested:
        state = "queued"  # wished back while the driver was ending
    if state != "queued":
        forget_setbacks(study)
    requeue_running(session, study)
    change_state(session, study, state)


def set_back(session: Session, study: Study, *, pause: bool) -> None:
    """Count a driver that ended early, and keep others from trying again at once.

    A run that is finished ends the count: whoever drove it got somewhere.
    """
    study.setbacks += 1
    if pause:
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (study.setbacks - 1))
        study.not_before_epoch_s = database_time(session, ahead_s=pause_s)


def forget_setbacks(study: Study) -> None:
    """Let a study be driven at the next opportunity."""
    study.setbacks, study.not_before_epoch_s, study.reason = 0, None, None


def say_why(study: Study, reason: str | None) -> None:
    """Keep why a study is where it is, for who looks at it."""
    study.reason = storable(without_secrets(reason[:_LONGEST_REASON])) if reason else None


def requeue_running(session: Session, study: Study) -> list[str]:
    """Make the runs that were in flight pending again; return their ids."""
    running = select(Run).where(Run.study_id == study.id, Run.state == "running")
    runs = session.scalars(running.order_by(Run.position, Run.id)).all()
    for run in runs:
        run.state, run.worker, run.started_at, run.finished_at = "pending", None, None, None
        append_event(session, study.id, "run_requeued", run=run.id)
    return [run.id for run in runs]
