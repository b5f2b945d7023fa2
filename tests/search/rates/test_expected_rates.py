"""What chance alone would give is computed once for every state of a host's runs."""

from __future__ import annotations

import pytest
from seeded_study import finish, seed_study

from search.rates.expected_rates import ExpectedRates
from search.rates.g1_rates import g1_rows
from storage import AuditStore, Run, StudyNotFound

HOST = ("seeded", "tiny-qwen3", "lora-r8")


def score(run: Run) -> tuple[int, int]:
    return (10, 10) if run.configuration is None else (10 + run.configuration["slots"], 9)


def test_it_is_remembered_until_another_run_has_a_verdict(store: AuditStore) -> None:
    seed_study(store, score, axes={"slots": [1, 2, 3]})
    known = ExpectedRates()
    fresh = g1_rows(store, "seeded")[0]["expected"]
    assert fresh["runs"] == 3

    first = known.of(store, {HOST: 3})
    store.close()  # whatever it answers from now on is remembered
    assert known.of(store, {HOST: 3})[HOST] is first[HOST]
    assert first == {HOST: fresh}
    nowhere = ("nowhere", *HOST[1:])
    with pytest.raises(StudyNotFound):
        known.of(store, {nowhere: 1})


def test_a_run_more_is_a_new_rate(store: AuditStore) -> None:
    known = ExpectedRates()
    seed_study(
        store, lambda run: score(run) if run.position < 3 else None, axes={"slots": [1, 2, 3]}
    )
    before = g1_rows(store, "seeded", known=known)[0]
    store.leases.acquire("seeded", owner="driver-1", ttl_s=60)
    store.dispatch.requeue_failed("seeded", owner="driver-1")
    finish(store, "seeded", score)
    (after,) = g1_rows(store, "seeded", known=known)
    assert (before["expected"]["runs"], after["expected"]["runs"]) == (2, 3)
    assert after == g1_rows(store, "seeded")[0]
    assert g1_rows(store, "seeded", known=known, by="slots")[0]["expected"] == after["expected"]
