"""What a person may ask of a recorded study: that it stop, that it go on."""

from __future__ import annotations

import pytest

from search.driving.audits import launch
from search.study.file import parse_study
from storage import AuditStore, StudyNotFound

OWNER = "another-machine:1:1"


@pytest.fixture
def waiting(store: AuditStore) -> AuditStore:
    """A record with a study that was launched and never driven."""
    launch(store, parse_study({"name": "asked"}), artifact_url="artifacts")
    return store


def state(store: AuditStore) -> tuple[str, bool]:
    found = store.studies.get("asked")
    return found.state, found.stop_requested


def test_what_waits_is_stopped_at_once(waiting: AuditStore) -> None:
    assert state(waiting) == ("queued", False)
    waiting.studies.stop("asked")
    assert state(waiting) == ("stopped", True)


def test_what_was_stopped_is_queued_again(waiting: AuditStore) -> None:
    waiting.studies.stop("asked")
    waiting.studies.queue("asked")
    assert state(waiting) == ("queued", False)


def test_what_is_driven_is_stopped_by_its_driver(waiting: AuditStore) -> None:
    waiting.leases.acquire("asked", owner=OWNER, ttl_s=60)
    waiting.studies.set_state("asked", "running", owner=OWNER)
    waiting.studies.stop("asked")
    assert state(waiting) == ("running", True)
    waiting.studies.queue("asked")  # and a wish that came too early is taken back
    assert state(waiting) == ("running", False)


def test_what_a_dead_driver_left_running_is_stopped(waiting: AuditStore) -> None:
    waiting.leases.acquire("asked", owner=OWNER, ttl_s=60)
    waiting.studies.set_state("asked", "running", owner=OWNER)
    waiting.leases.release("asked", owner=OWNER)
    waiting.studies.stop("asked")
    assert state(waiting) == ("stopped", True)


def test_what_is_over_stays_so(waiting: AuditStore) -> None:
    waiting.studies.set_state("asked", "completed")
    waiting.studies.stop("asked")
    assert state(waiting)[0] == "completed"


@pytest.mark.parametrize("wish", ["stop", "queue"])
def test_only_of_a_study_that_there_is(store: AuditStore, wish: str) -> None:
    with pytest.raises(StudyNotFound, match="there is no study 'asked'"):
        getattr(store.studies, wish)("asked")
