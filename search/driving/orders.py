"""What a person may ask of a recorded study: that it go on, that it stop.

Owns: these two wishes, which whoever drives or schedules the study follows. Does not cover:
launching and driving (``search.driving.audits``), which need torch; this does not.
"""

from __future__ import annotations

from contextlib import suppress

from storage import AuditStore
from storage.errors import LeaseHeld


def queue(store: AuditStore, name: str) -> None:
    """Have a scheduler go on with a study; nothing changes for one that is being driven.

    Raises:
        StudyNotFound: No such study.
    """
    store.studies.clear_stop(name)
    with suppress(LeaseHeld):
        store.studies.set_state(name, "queued")


def stop(store: AuditStore, name: str) -> None:
    """Ask the study's driver to stop; runs in flight go back to pending.

    A study that waits for a driver is stopped at once.

    Raises:
        StudyNotFound: No such study.
    """
    store.studies.request_stop(name)
    with suppress(LeaseHeld):
        if store.studies.get(name).state in ("queued", "running"):
            store.studies.set_state(name, "stopped")
