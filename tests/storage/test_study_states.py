"""Whatever comes after whatever: a study is never left where nobody takes it up.

A model of drivers, schedulers, people and clocks over a real database. Drivers make the calls that
`search.driving.audits` makes, in its order; they live, prepare, run, end or die between any two.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from audit_plans import complete, study_plan
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from storage import AuditStore, LeaseHeld, LeaseLost
from storage.clock import database_now
from storage.lease_owner import this_process
from storage.leases import Leases

TTL_S, HEARTBEAT_S, WATCH_S = 30.0, 5.0, 12.0
_numbers = itertools.count(1)


def unknown_owner() -> str:
    """A process of a machine that cannot be looked into from here."""
    return f"elsewhere:{next(_numbers)}:1:another-boot/1"


def owner_here() -> str:
    """A process of this machine that is gone."""
    host, pid, start, machine = this_process().rsplit(":", 3)
    return f"{host}:{pid}:{int(start) + next(_numbers)}:{machine}"


@dataclass
class Driver:
    """A process that drives the study."""

    owner: str
    of_scheduler: bool
    phase: str = "preparing"


class Studies(RuleBasedStateMachine):
    """One study, and all that may happen to it."""

    store: ClassVar[AuditStore]

    def __init__(self) -> None:
        super().__init__()
        self.name = f"study-{next(_numbers)}"
        self.living: list[Driver] = []
        self.store.leases = Leases(self.store.database, sleep=self.pass_time)
        self.last_wish = "go on"
        self.refused_in_vain = False

    @initialize()
    def launch(self) -> None:
        """A study is launched: it waits."""
        self.execute("lease_owner = NULL, state = 'completed'", everywhere=True)
        self.store.studies.create(study_plan(self.name, configurations=2))

    # What people do

    @rule()
    def stop(self) -> None:
        """Somebody asks that it stop."""
        self.store.studies.stop(self.name)
        self.last_wish = "stop"

    @rule()
    def queue(self) -> None:
        """Somebody asks that it go on."""
        self.store.studies.queue(self.name)
        self.last_wish = "go on"

    @rule()
    def resume_in_a_terminal(self) -> None:
        """Somebody drives it by hand."""
        driver = Driver(unknown_owner(), of_scheduler=False)
        try:
            self.store.leases.acquire(self.name, owner=driver.owner, ttl_s=TTL_S, watch_s=WATCH_S)
        except LeaseHeld as held:
            self.refused_in_vain = not self.living and held.seconds_left <= 0
            return
        assert not self.living
        self.store.studies.clear_stop(self.name)
        self.store.dispatch.requeue_failed(self.name, owner=driver.owner)
        self.living.append(driver)
        self.last_wish = "terminal"

    # What schedulers and drivers do

    @rule()
    def schedule(self) -> None:
        """A scheduler looks for work."""
        owner = unknown_owner()
        claimed = self.store.leases.claim(owner=owner, ttl_s=TTL_S, watch_s=WATCH_S)
        if claimed is None:
            return
        assert claimed == self.name
        assert not self.living, "the lease of a living driver was taken"
        driver = Driver(owner, of_scheduler=True)
        self.living.append(driver)
        if self.store.studies.get(self.name).stop_requested:
            self.end(driver, "stopped", as_wished=True)

    def begin(self) -> None:
        """A driver's workers are up."""
        for driver in self.living:
            if driver.phase == "preparing":
                self.store.dispatch.release_interrupted(self.name, owner=driver.owner)
                self.store.studies.set_state(self.name, "running", owner=driver.owner)
                driver.phase = "running"

    def work(self) -> None:
        """A driver starts a run, or follows a wish to stop."""
        for driver in [d for d in self.living if d.phase == "running"]:
            self.beat(driver)
            if self.store.studies.is_stop_requested(self.name):
                driver.phase = "ending"
                continue
            for run in self.store.dispatch.next_pending(self.name, limit=1):
                self.store.dispatch.start(run.id, owner=driver.owner, worker="w")

    def give_back(self) -> None:
        """A driver that follows a wish to stop has let its workers go."""
        for driver in [d for d in self.living if d.phase == "ending"]:
            self.end(driver, "stopped", as_wished=True)

    def break_down(self) -> None:
        """A driver meets an error: the engine is away, there is no place, anything."""
        for driver in list(self.living):
            self.end_early(driver, reason="no place", setback=True)

    def interrupt(self) -> None:
        """A driver gets SIGTERM or Ctrl-C."""
        for driver in list(self.living):
            self.end_early(driver)

    def die(self, *, known: bool) -> None:
        """A driver is killed; whether on this machine, where that can be seen."""
        for driver in self.living:
            if known:
                gone = {"owner": owner_here(), "held": driver.owner}
                self.execute("lease_owner = replace(lease_owner, :held, :owner)", **gone)
        self.living = []

    @rule()
    def step(self) -> None:
        """Every driver gets one step further."""
        self.give_back()
        self.work()
        self.begin()

    @rule(what=st.sampled_from(["error", "signal", "kill -9 here", "kill -9 elsewhere"]))
    def end_badly(self, what: str) -> None:
        """Something happens to whoever drives."""
        if what == "error":
            self.break_down()
        elif what == "signal":
            self.interrupt()
        else:
            self.die(known=what == "kill -9 here")

    # What time does

    @rule(passes=st.sampled_from([1.0, 6.0, 40.0]), jump=st.sampled_from([-1e6, -60.0, 60.0, 1e6]))
    def time(self, passes: float, jump: float) -> None:
        """Time goes by, then the clock is set."""
        self.pass_time(passes)
        self.set_clock(jump)

    def pass_time(self, seconds: float) -> None:
        """Time goes by, and living drivers beat meanwhile."""
        while seconds > 0:
            self.set_clock(min(seconds, HEARTBEAT_S))
            seconds -= HEARTBEAT_S
            for driver in self.living:
                self.beat(driver)

    def set_clock(self, seconds: float) -> None:
        """The database's clock is set: all that is written down lies that much earlier."""
        shifted = ("lease_expires_epoch_s", "not_before_epoch_s")
        self.execute(", ".join(f"{name} = {name} - :by" for name in shifted), by=seconds)

    @invariant()
    def no_run_is_in_flight_without_a_study_that_runs(self) -> None:
        """A study that has ended holds no run that is being done."""
        study = self.stored()
        if study["state"] in ("stopped", "completed", "failed", "queued") and not self.living:
            known = study["lease_owner"] is None
            assert not known or self.store.studies.status(self.name).runs.running == 0

    @invariant()
    def nobody_is_sent_away_by_the_dead(self) -> None:
        """A lease that has run out is refused only while its driver lives."""
        assert not self.refused_in_vain

    @invariant()
    def a_stop_without_a_driver_is_followed(self) -> None:
        """Once its lease is over, a study that was to stop counts as stopped."""
        if self.last_wish == "stop" and not self.living:
            self.check_later_standing()

    def teardown(self) -> None:
        """In the end everybody does their duty, and the study gets where it was to go."""
        for _ in range(6):
            self.pass_time(40.0)
            self.set_clock(400.0)  # every pause is over
            for driver in self.living:
                self.beat(driver)
            self.schedule()
            self.begin()
            self.work()
            self.give_back()
            self.finish()
            if not self.living and not self.store.leases.is_any_waiting():
                break
        study, status = self.store.studies.get(self.name), self.store.studies.status(self.name)
        assert study.lease_owner is None
        assert status.runs.running == status.baselines.running == 0
        allowed = {
            "go on": ("completed",),
            "stop": ("stopped", "completed"),
            "terminal": ("stopped", "completed"),
        }
        assert study.state in allowed[self.last_wish], (study.state, self.last_wish)
        self.store.studies.queue(self.name)  # whatever it is, it can be gone on with
        claimed = self.store.leases.claim(owner=unknown_owner(), ttl_s=TTL_S)
        assert claimed == self.name
        self.execute("lease_owner = NULL, state = 'completed'")

    def finish(self) -> None:
        """Living drivers get through with it."""
        for driver in list(self.living):
            self.end(driver, "completed")

    def end_early(self, driver: Driver, **how: Any) -> None:
        """A scheduler's study waits for the next driver; a person's waits for the person."""
        if not driver.of_scheduler:
            self.last_wish = "terminal"
        self.end(driver, "queued" if driver.of_scheduler else "stopped", **how)

    def end(self, driver: Driver, state: str, **how: Any) -> None:
        """A driver gives its lease back."""
        self.living.remove(driver)
        with_it = {"owner": driver.owner, "state": state, **how}
        self.store.leases.release(self.name, **with_it)
        if self.stored()["state"] == "completed":
            self.last_wish = "terminal"

    def beat(self, driver: Driver) -> None:
        """A living driver renews its lease; that it lost it is a fault, whatever the clock did."""
        try:
            self.store.leases.renew(self.name, owner=driver.owner, ttl_s=TTL_S)
        except LeaseLost as lost:
            raise AssertionError("a living driver lost its lease") from lost

    def check_later_standing(self) -> None:
        """What readers are told once the lease is over; then time is put back."""
        kept = self.stored()["lease_expires_epoch_s"]
        self.execute("lease_expires_epoch_s = 0")
        state = self.store.studies.get(self.name).state
        self.execute("lease_expires_epoch_s = :kept", kept=kept)
        assert state in ("stopped", "completed", "failed"), state

    def stored(self) -> dict[str, Any]:
        """The study's row."""
        with self.store.database.engine.connect() as connection:
            query = sa.text("SELECT * FROM talan_studies WHERE name = :name")
            return dict(connection.execute(query, {"name": self.name}).mappings().one())

    def execute(self, change: str, *, everywhere: bool = False, **values: Any) -> None:
        """Change the study's row behind everybody's back."""
        which = "name != :name" if everywhere else "name = :name"
        with self.store.database.engine.begin() as connection:
            statement = sa.text(f"UPDATE talan_studies SET {change} WHERE {which}")
            connection.execute(statement, {"name": self.name, **values})


@pytest.fixture
def machine(store: AuditStore) -> Iterator[type[Studies]]:
    """The model over an empty database; every example has a study of its own."""
    Studies.store = store
    kept = store.leases
    yield Studies
    store.leases = kept


def test_no_sequence_leaves_a_study_alone(machine: type[Studies]) -> None:
    run_machine(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=15,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def driven(store: AuditStore) -> tuple[AuditStore, str]:
    """A study that somebody elsewhere drives, and who."""
    owner = unknown_owner()
    store.studies.create(study_plan(configurations=2))
    store.leases.acquire("grid", owner=owner, ttl_s=TTL_S)
    return store, owner


def standing(store: AuditStore) -> tuple[str, bool]:
    """The study's state, and whether somebody will come for it."""
    return store.studies.get("grid").state, store.leases.is_any_waiting()


def test_a_stop_taken_back_while_the_driver_ends_is_taken_back(
    driven: tuple[AuditStore, str],
) -> None:
    store, owner = driven
    store.studies.set_state("grid", "running", owner=owner)
    store.studies.stop("grid")
    store.studies.queue("grid")
    ended = store.leases.release("grid", owner=owner, state="stopped", as_wished=True)
    assert ended == "queued"
    assert standing(store) == ("queued", True)


def test_a_stop_outlives_a_driver_that_meets_an_error(driven: tuple[AuditStore, str]) -> None:
    store, owner = driven
    store.studies.stop("grid")
    ended = store.leases.release("grid", owner=owner, state="queued", reason="e", setback=True)
    assert ended == "stopped"
    assert standing(store) == ("stopped", False)
    assert store.studies.get("grid").reason == "e"


def test_a_wish_to_go_on_outlives_a_driver_that_dies_preparing(
    driven: tuple[AuditStore, str],
) -> None:
    store, owner = driven
    store.studies.set_state("grid", "stopped", owner=owner)
    store.studies.queue("grid")
    store.leases.renew("grid", owner=owner, ttl_s=0)
    assert standing(store) == ("queued", True)


def test_failed_runs_that_wait_again_wait_for_somebody(driven: tuple[AuditStore, str]) -> None:
    store, owner = driven
    run = store.dispatch.next_pending("grid", limit=1)[0]
    attempt = store.dispatch.start(run.id, owner=owner, worker="w")
    store.dispatch.fail(run.id, owner=owner, attempt=attempt, error="e", retry=False)
    store.studies.set_state("grid", "failed", owner=owner)
    assert store.dispatch.requeue_failed("grid", owner=owner) == [run.id]
    store.leases.renew("grid", owner=owner, ttl_s=0)  # it dies
    assert standing(store) == ("queued", True)


def test_a_setback_lets_others_pass_and_pauses_longer_each_time(
    store: AuditStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.study_states.FIRST_PAUSE_S", 100.0)
    store.studies.create(study_plan("first"))
    store.studies.create(study_plan("second"))
    assert store.leases.claim(owner="d", ttl_s=TTL_S) == "first"
    store.leases.release("first", owner="d", state="queued", reason="no place", setback=True)
    assert store.leases.claim(owner="d", ttl_s=TTL_S) == "second"
    assert store.leases.claim(owner="e", ttl_s=TTL_S) is None
    pauses = []
    for _ in range(3):
        pauses.append(pause_of(store, "first"))
        store.leases.acquire("first", owner="d", ttl_s=TTL_S)
        store.leases.release("first", owner="d", state="queued", setback=True)
    assert [round(pause / 100) for pause in pauses] == [1, 2, 3]  # 300 s at most
    store.studies.queue("first")
    assert store.leases.claim(owner="e", ttl_s=TTL_S) == "first"


def pause_of(store: AuditStore, name: str) -> float:
    """How many seconds a study still pauses."""
    with store.database.engine.connect() as connection:
        until, now = "not_before_epoch_s", sa.select(database_now()).scalar_subquery()
        query = sa.select(sa.literal_column(until) - now).select_from(sa.text("talan_studies"))
        return float(connection.scalar(query.where(sa.text(f"name = '{name}'"))) or 0.0)


def test_a_finished_run_ends_the_count_of_setbacks(
    store: AuditStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.study_states.FIRST_PAUSE_S", 100.0)
    store.studies.create(study_plan("grid"))
    pauses = []
    for run in list(store.runs.iterate("grid"))[:3]:
        for _ in range(2):
            store.leases.acquire("grid", owner="d", ttl_s=TTL_S)
            store.leases.release("grid", owner="d", state="queued", setback=True)
            pauses.append(pause_of(store, "grid"))
        store.leases.acquire("grid", owner="d", ttl_s=TTL_S)
        complete(store, run, 1, owner="d")
    assert [round(pause / 100) for pause in pauses] == [1, 2] * 3


def test_a_study_that_kills_its_drivers_lets_others_pass(store: AuditStore) -> None:
    store.studies.create(study_plan("deadly"))
    store.studies.create(study_plan("other"))
    for _ in range(4):
        assert store.leases.claim(owner=unknown_owner(), ttl_s=0) == "deadly"
    assert store.leases.claim(owner=unknown_owner(), ttl_s=0) == "other"


@pytest.mark.parametrize("jump_s", [-1e6, 60.0, 1e6])
def test_a_clock_that_is_set_takes_no_living_drivers_lease_and_keeps_no_dead_ones(
    driven: tuple[AuditStore, str], jump_s: float
) -> None:
    store, owner = driven
    with store.database.engine.begin() as connection:
        shift = "UPDATE talan_studies SET lease_expires_epoch_s = lease_expires_epoch_s - :by"
        connection.execute(sa.text(shift), {"by": jump_s})

    def beat(_: float) -> None:
        store.leases.renew("grid", owner=owner, ttl_s=TTL_S)

    living = Leases(store.database, sleep=beat)
    with pytest.raises(LeaseHeld):
        living.acquire("grid", owner="d", ttl_s=TTL_S, watch_s=WATCH_S)
    with store.database.engine.begin() as connection:
        connection.execute(sa.text(shift), {"by": jump_s})
    assert living.claim(owner="d", ttl_s=TTL_S, watch_s=WATCH_S) is None
    with store.database.engine.begin() as connection:
        connection.execute(sa.text(shift), {"by": jump_s})
    watched: list[float] = []
    dead = Leases(store.database, sleep=watched.append)
    assert dead.claim(owner="d", ttl_s=TTL_S, watch_s=WATCH_S) == "grid"
    assert watched == [WATCH_S]


def test_a_holder_seen_to_be_gone_is_not_watched(store: AuditStore) -> None:
    store.studies.create(study_plan())
    store.leases.acquire("grid", owner=owner_here(), ttl_s=TTL_S)
    hurried = Leases(store.database, sleep=lambda _: pytest.fail("nobody is left to be heard"))
    assert hurried.is_any_waiting()
    gone = hurried.acquire("grid", owner=owner_here(), ttl_s=TTL_S, watch_s=WATCH_S)
    assert gone.previous_owner is not None
    assert hurried.claim(owner="d", ttl_s=TTL_S, watch_s=WATCH_S) == "grid"
