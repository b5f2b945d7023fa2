"""The states of a study and what a change of state does.

Owns: queued, running, stopped, completed, failed; their timestamps and events.
Does not cover: who may change it (`locks.py`, `studies.py`).
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from storage.clock import utc_now
from storage.errors import PlanError
from storage.events import append_event
from storage.models import Study
from storage.records import STUDY_STATES


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
        append_event(session, study.id, "study_started")
        return
    study.finished_at = utc_now()
    append_event(session, study.id, "study_finished", state=state)
