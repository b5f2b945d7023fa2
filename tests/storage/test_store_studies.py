"""Plans and states of studies; duties held to on both databases."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from audit_plans import (
    OWNER,
    begin,
    configuration,
    identity,
    study_plan,
    treatment,
)

from storage import (
    TREATMENT,
    AuditStore,
    LeaseHeld,
    LeaseLost,
    PlanError,
    RunPlan,
    StateCounts,
    StudyExists,
)


class TestStudiesContract:
    def test_a_study_is_recorded_as_planned(self, store: AuditStore) -> None:
        study = store.studies.create(study_plan(configurations=3, seeds=(1, 2), hosts=2))
        assert (study.created, study.state) == (True, "queued")
        again = store.studies.get("grid")
        assert again.spec == {"name": "grid", "note": "größer, 大"}
        assert [host.backbone for host in again.hosts] == ["backbone-0", "backbone-1"]
        assert again.hosts[1].adapter == {"type": "lora", "r": 8}
        status = store.studies.status("grid")
        assert status.runs == StateCounts(total=12, pending=12)
        assert status.baselines == StateCounts(total=4, pending=4)
        assert status.g1_rate is None
        runs = list(store.runs.iterate("grid"))
        assert [run.position for run in runs] == list(range(16))
        assert runs[5].configuration == configuration(1)
        assert runs[5].configuration_id == identity(configuration(1))
        assert runs[-1].configuration is None

    def test_the_same_study_again_changes_nothing(self, store: AuditStore) -> None:
        begin(store)
        again = store.studies.create(study_plan())
        assert not again.created
        assert again.lease_owner == OWNER
        assert store.studies.status("grid").runs.total == 4

    def test_another_study_of_that_name_is_refused(self, store: AuditStore) -> None:
        store.studies.create(study_plan())
        with pytest.raises(StudyExists, match="study 'grid' exists with another specification"):
            store.studies.create(study_plan(configurations=5))
        assert store.studies.status("grid").runs.total == 4

    def test_ids_depend_on_the_key_alone(self, store: AuditStore) -> None:
        store.studies.create(study_plan())
        store.studies.create(study_plan("other"))
        first = [run.id for run in store.runs.iterate("grid")]
        assert len(set(first)) == 5
        assert not set(first) & {run.id for run in store.runs.iterate("other")}
        axes = identity(configuration(0))
        assert first[0] == identity(["grid", "backbone-0", "lora-r8", "treatment", axes, 42])[:16]

    def test_a_plan_that_contradicts_itself_leaves_nothing(self, store: AuditStore) -> None:
        plan = study_plan()
        twice = replace(plan, runs=[*plan.runs, plan.runs[0]])
        with pytest.raises(PlanError, match="twice"):
            store.studies.create(twice)
        with pytest.raises(PlanError, match="host 3; the study has hosts 0 to 0"):
            store.studies.create(replace(plan, runs=[treatment(0, host=3)]))
        with pytest.raises(PlanError, match="backbone-0 with lora-r8"):
            store.studies.create(replace(plan, hosts=[*plan.hosts, *plan.hosts]))
        with pytest.raises(PlanError, match="has no hosts"):
            store.studies.create(replace(plan, hosts=[], runs=[]))
        lacking = RunPlan(0, TREATMENT, 1, 0, {"layer": 1}, "0" * 64)
        with pytest.raises(PlanError, match="lacks 'slots'"):
            store.studies.create(replace(plan, runs=[lacking]))
        assert store.studies.names() == []

    def test_one_configuration_id_means_one_configuration(self, store: AuditStore) -> None:
        store.studies.create(study_plan())
        lying = RunPlan(0, TREATMENT, 42, 0, configuration(9), identity(configuration(0)))
        with pytest.raises(PlanError, match="is recorded as"):
            store.studies.create(replace(study_plan("other"), runs=[lying]))

    def test_adding_runs_twice_adds_them_once(self, store: AuditStore) -> None:
        begin(store)
        plans = [treatment(7, position=10), treatment(8, position=11)]
        ids = store.studies.add_runs("grid", owner=OWNER, runs=plans)
        assert store.studies.add_runs("grid", owner=OWNER, runs=plans) == ids
        assert store.studies.status("grid").runs.total == 6
        assert store.runs.get(ids[1]).configuration == configuration(8)
        with pytest.raises(LeaseLost):
            store.studies.add_runs("grid", owner="other", runs=[treatment(9)])

    def test_ten_thousand_runs_are_planned_in_seconds(self, store: AuditStore) -> None:
        plan = study_plan(configurations=10_000)
        start = time.process_time()
        store.studies.create(plan)
        assert time.process_time() - start < 10
        assert store.studies.status("grid").runs.pending == 10_000
        assert len({run.id for run in store.runs.iterate("grid")}) == 10_001

    def test_two_at_once_create_one_study(self, store: AuditStore) -> None:
        barrier = threading.Barrier(4)

        def create(_: int) -> bool:
            barrier.wait()
            return store.studies.create(study_plan(configurations=50)).created

        with ThreadPoolExecutor(4) as pool:
            created = list(pool.map(create, range(4)))
        assert sorted(created) == [False, False, False, True]
        assert store.studies.status("grid").runs.total == 50

    def test_states_leave_times_and_events(self, store: AuditStore) -> None:
        begin(store)
        store.studies.set_state("grid", "running", owner=OWNER)
        started = store.studies.get("grid").started_at
        assert started is not None
        assert started.utcoffset().total_seconds() == 0
        store.studies.set_state("grid", "running", owner=OWNER)
        store.leases.release("grid", owner=OWNER, state="completed")
        study = store.studies.get("grid")
        assert study.started_at == started
        assert study.finished_at >= started
        kinds = [(event.kind, event.payload) for event in store.events.after("grid")]
        assert kinds == [("study_started", {}), ("study_finished", {"state": "completed"})]

    def test_a_state_without_an_owner_needs_a_free_study(self, store: AuditStore) -> None:
        begin(store)
        with pytest.raises(LeaseHeld):
            store.studies.set_state("grid", "queued")
        store.leases.release("grid", owner=OWNER, state="stopped")
        store.studies.set_state("grid", "queued")
        assert store.studies.status("grid").state == "queued"
        with pytest.raises(PlanError, match="no study state 'paused'; use one of queued"):
            store.studies.set_state("grid", "paused")

    def test_a_stop_is_asked_for_and_taken_back(self, store: AuditStore) -> None:
        begin(store)
        assert not store.studies.is_stop_requested("grid")
        store.studies.stop("grid")
        assert store.studies.is_stop_requested("grid")
        assert store.studies.status("grid").stop_requested
        store.studies.clear_stop("grid")
        assert not store.studies.is_stop_requested("grid")
