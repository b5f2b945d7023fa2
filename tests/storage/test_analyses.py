"""Analyses are asked for once, done by one process at a time, and done again where one died."""

from __future__ import annotations

import pytest
from audit_plans import begin

from storage import TREATMENT, Asked, AuditStore, RunNotFound, StudyNotFound

MINE, OTHERS = "here", "elsewhere"


@pytest.fixture
def asked(store: AuditStore) -> list[Asked]:
    """Two analyses of a run, and one of its study."""
    run = begin(store)[TREATMENT][0]
    return [
        Asked("grid", run.id, "depth", {"items": 8}),
        Asked("grid", run.id, "depth", {"items": 16}),
        Asked("grid", None, "discriminators", {}),
    ]


def test_the_same_is_asked_for_once(store: AuditStore, asked: list[Asked]) -> None:
    first = store.analyses.ask(asked)
    again = store.analyses.ask(asked)
    assert [one.id for one in first] == [one.id for one in again] == [one.id for one in asked]
    assert len({one.id for one in first}) == 3
    run_id = asked[0].run_id or ""
    assert [one.parameters for one in store.analyses.of_run(run_id)] == [
        {"items": 8},
        {"items": 16},
    ]
    assert [one.name for one in store.analyses.of_study("grid")] == ["discriminators"]
    assert {one.state for one in first} == {"queued"}


def test_two_never_get_the_same(store: AuditStore, asked: list[Asked]) -> None:
    ids = {one.id for one in store.analyses.ask(asked)}
    claimed = [store.analyses.claim(owner=owner, ttl_s=60) for owner in (MINE, OTHERS, MINE)]
    assert {one.id for one in claimed if one} == ids
    assert store.analyses.claim(owner=OTHERS, ttl_s=60) is None
    assert not store.analyses.is_any_waiting()


def test_a_claim_that_has_run_out_goes_to_the_next_and_its_holder_records_nothing(
    store: AuditStore, asked: list[Asked]
) -> None:
    (analysis,) = store.analyses.ask(asked[:1])
    assert store.analyses.claim(owner=MINE, ttl_s=-1)
    assert store.analyses.is_any_waiting()
    assert store.analyses.claim(owner=OTHERS, ttl_s=60)
    done = {"summary": {"lift_off": 1}, "artifact": "a", "seconds": 2.0}
    assert not store.analyses.finish(analysis.id, owner=MINE, **done)
    assert store.analyses.finish(analysis.id, owner=OTHERS, **done)
    (found,) = store.analyses.get([analysis.id])
    assert (found.state, found.summary, found.artifact) == ("completed", {"lift_off": 1}, "a")
    assert [one.id for one in store.analyses.of_runs("grid", name="depth")] == [analysis.id]
    assert store.analyses.of_runs("grid", name="depth", among=[]) == []
    assert store.analyses.run_ids("grid") == [asked[0].run_id]
    event = store.events.after("grid")[-1]
    assert (event.kind, event.payload["name"]) == ("analysis_finished", "depth")


def test_a_renewed_claim_stays_and_one_given_back_waits_again(
    store: AuditStore, asked: list[Asked]
) -> None:
    (analysis,) = store.analyses.ask(asked[:1])
    store.analyses.claim(owner=MINE, ttl_s=-1)
    store.analyses.renew([analysis.id], owner=MINE, ttl_s=60)
    assert store.analyses.claim(owner=OTHERS, ttl_s=60) is None
    store.analyses.give_back([analysis.id], owner=OTHERS)
    assert not store.analyses.is_any_waiting()
    store.analyses.give_back([analysis.id], owner=MINE)
    assert store.analyses.claim(owner=OTHERS, ttl_s=60, among=[]) is None
    assert store.analyses.claim(owner=OTHERS, ttl_s=60, among=[analysis.id])


def test_what_failed_is_queued_again_when_it_is_asked_for_again(
    store: AuditStore, asked: list[Asked]
) -> None:
    (analysis,) = store.analyses.ask(asked[:1])
    store.analyses.claim(owner=MINE, ttl_s=60)
    assert store.analyses.fail(analysis.id, owner=MINE, error="no checkpoint\0")
    (failed,) = store.analyses.get([analysis.id])
    assert failed.state == "failed"
    assert failed.error == "no checkpoint\N{REPLACEMENT CHARACTER}"
    (again,) = store.analyses.ask(asked[:1])
    assert (again.state, again.error) == ("queued", None)


def test_what_does_not_exist_is_named(store: AuditStore, asked: list[Asked]) -> None:
    with pytest.raises(RunNotFound, match="0000"):
        store.analyses.ask([Asked("grid", "0" * 16, "depth", {})])
    with pytest.raises(StudyNotFound, match="nowhere"):
        store.analyses.ask([Asked("nowhere", None, "signature", {})])
    with pytest.raises(RunNotFound):
        store.analyses.of_run("0" * 16)
