"""The lease on a study; duties held to on both databases."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from audit_plans import (
    OWNER,
    begin,
    complete,
    outcome,
    study_plan,
)

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    LeaseHeld,
    LeaseLost,
    TrialKey,
)

TTL_S = 3600.0  # no test here lasts so long


def hold_a_lease(url: str, answers: multiprocessing.Queue) -> None:
    """Take the lease in a process of its own, write, and wait to be killed."""
    store = AuditStore.open(url)
    store.leases.acquire("grid", owner="other-process", ttl_s=TTL_S)
    run = store.dispatch.next_pending("grid", limit=1)[0]
    store.dispatch.start(run.id, owner="other-process", worker="w")
    answers.put(run.id)
    time.sleep(3600)


class TestLeasesContract:
    def test_one_of_many_gets_the_lease(self, store: AuditStore) -> None:
        store.studies.create(study_plan())
        barrier = threading.Barrier(6)

        def acquire(number: int) -> bool:
            barrier.wait()
            try:
                store.leases.acquire("grid", owner=f"driver-{number}", ttl_s=60)
            except LeaseHeld:
                return False
            return True

        with ThreadPoolExecutor(6) as pool:
            got = list(pool.map(acquire, range(6)))
        assert sum(got) == 1
        assert store.studies.get("grid").lease_owner == f"driver-{got.index(True)}"

    def test_a_held_lease_names_its_holder_and_what_is_left(self, store: AuditStore) -> None:
        begin(store)
        store.leases.renew("grid", owner=OWNER, ttl_s=TTL_S)
        with pytest.raises(LeaseHeld, match="driven by driver-1; its lease runs out in") as caught:
            store.leases.acquire("grid", owner="driver-2", ttl_s=60)
        assert caught.value.owner == OWNER
        assert TTL_S - 600 < caught.value.seconds_left <= TTL_S

    def test_the_holder_may_take_and_renew_it_again(self, store: AuditStore) -> None:
        begin(store)
        assert store.leases.acquire("grid", owner=OWNER, ttl_s=60).previous_owner == OWNER
        store.leases.renew("grid", owner=OWNER, ttl_s=TTL_S)
        with pytest.raises(LeaseHeld) as caught:
            store.leases.acquire("grid", owner="driver-2", ttl_s=60)
        assert TTL_S - 600 < caught.value.seconds_left <= TTL_S

    def test_a_lease_that_ran_out_is_taken_over(self, store: AuditStore) -> None:
        store.studies.create(study_plan())
        store.leases.acquire("grid", owner="driver-1", ttl_s=TTL_S)
        with pytest.raises(LeaseHeld):
            store.leases.acquire("grid", owner="driver-2", ttl_s=60)
        store.leases.renew("grid", owner="driver-1", ttl_s=0.01)
        time.sleep(0.02)
        assert store.leases.acquire("grid", owner="driver-2", ttl_s=60).previous_owner == OWNER
        with pytest.raises(LeaseLost, match="driver-2 holds it now"):
            store.leases.renew("grid", owner="driver-1", ttl_s=60)

    def test_a_lease_that_ran_out_untaken_still_counts(self, store: AuditStore) -> None:
        runs = begin(store)
        store.leases.renew("grid", owner=OWNER, ttl_s=0)
        assert complete(store, runs[BASELINE][0], 1).state == "completed"
        store.leases.renew("grid", owner=OWNER, ttl_s=60)

    def test_a_released_lease_is_free_and_the_state_is_set(self, store: AuditStore) -> None:
        begin(store)
        store.leases.release("grid", owner=OWNER, state="stopped")
        study = store.studies.get("grid")
        assert (study.state, study.lease_owner) == ("stopped", None)
        with pytest.raises(LeaseLost, match="nobody holds it now"):
            store.leases.release("grid", owner=OWNER)
        store.leases.acquire("grid", owner="driver-2", ttl_s=60)

    def test_a_zombie_writes_nothing(self, store: AuditStore) -> None:
        runs = begin(store)
        first, second = runs[TREATMENT][:2]
        attempt = store.dispatch.start(first.id, owner=OWNER, worker="w")
        store.leases.renew("grid", owner=OWNER, ttl_s=0)
        store.leases.acquire("grid", owner="driver-2", ttl_s=60)
        before = [store.runs.get(run.id) for run in (first, second)]
        log = store.events.after("grid")
        key = TrialKey(0, first.configuration_id or "")
        zombie = {"owner": OWNER}
        writes = [
            lambda: store.results.finish(first.id, attempt=attempt, outcome=outcome(1), **zombie),
            lambda: store.dispatch.fail(first.id, attempt=attempt, error="e", retry=True, **zombie),
            lambda: store.dispatch.start(second.id, worker="w", **zombie),
            lambda: store.dispatch.release_interrupted("grid", **zombie),
            lambda: store.dispatch.requeue_failed("grid", **zombie),
            lambda: store.trials.assign("grid", numbers={key: 1}, **zombie),
            lambda: store.trials.mark_told("grid", numbers={key: 1}, **zombie),
            lambda: store.studies.set_state("grid", "completed", **zombie),
        ]
        for write in writes:
            with pytest.raises(LeaseLost):
                write()
        assert [store.runs.get(run.id) for run in (first, second)] == before
        assert store.events.after("grid") == log

    def test_a_killed_process_is_succeeded(self, store: AuditStore, storage_url: str) -> None:
        store.studies.create(study_plan())
        context = multiprocessing.get_context("spawn")
        answers = context.Queue()
        other = context.Process(target=hold_a_lease, args=(storage_url, answers))
        other.start()
        run_id = answers.get()
        with pytest.raises(LeaseHeld, match="other-process"):
            store.leases.acquire("grid", owner=OWNER, ttl_s=60)
        other.kill()
        other.join()
        store.leases.renew("grid", owner="other-process", ttl_s=0)  # as if its time had passed
        store.leases.acquire("grid", owner=OWNER, ttl_s=60)
        assert store.dispatch.release_interrupted("grid", owner=OWNER) == [run_id]
        assert store.runs.get(run_id).state == "pending"
        assert store.dispatch.start(run_id, owner=OWNER, worker="w") == 2
