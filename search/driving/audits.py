"""Launching and driving audits: the use cases that need Ray, or torch. All faces call these.

Owns: who may drive a study, and what state it is left in however driving ends. Does not cover: how
runs are dispatched (``search.driving.driver``), the wish that a study go on or stop
(``storage.studies``), or what is asked of the record afterwards (``storage``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from search.driving.compare_responses import compare_responses
from search.driving.driver import Driver
from search.driving.heartbeats import LEASE_S, WATCH_S, heartbeats
from search.driving.pool import WorkerPool
from search.driving.progress import Observer, Progress, unobserved
from search.driving.run_executors import make_run_executor
from search.errors import StudyBusyError, StudyFileError
from search.study.draw import check_draw
from search.study.file import recorded_file
from search.study.keys import SAMPLERS, TUNE, StudyFile
from search.study.plan import Audit, resolve
from storage import AuditStore
from storage.errors import LeaseHeld, LeaseLost, StorageError, StudyNotFound
from storage.lease_owner import this_process
from storage.records import Study
from workers.job.jobs import Supplies
from workers.ray_actors.run_actor import Executor


@dataclass(frozen=True)
class Engine:
    """Where runs are done.

    Args:
        ray_address: A Ray cluster; None: a Ray of our own on this machine.
        make_executor: What each worker holds; None: the executor that trains and evaluates.
    """

    ray_address: str | None = None
    make_executor: Callable[[], Executor] | None = None


def launch(
    store: AuditStore, file: StudyFile, *, artifact_url: str, audit: Audit | None = None
) -> Study:
    """Put a study on record; the same specification again answers the recorded one.

    Args:
        store: The record.
        file: The study.
        artifact_url: Where its responses and checkpoints go.
        audit: The file with its names resolved, where the caller has that already.

    Raises:
        StudyFileError: The file names something that does not exist, parts that do not fit, or
            texts that a backbone cannot be given (``search.cost.launch_check``).
        StudyExists: The name is taken by another specification.
    """
    try:
        recorded = store.studies.get(file.name)
    except StudyNotFound:
        recorded = None
    # Read again, so that a key that a newer version added counts with its default.
    if recorded and recorded_file(recorded.spec).spec_hash == file.spec_hash:
        return recorded
    if file.design.sampler == TUNE:
        msg = (
            f"design.sampler: {TUNE!r} is for studies that Ray Tune drives (docs/how-to/tune.md); "
            f"allowed here: {', '.join(SAMPLERS)}"
        )
        raise StudyFileError(msg)
    check_draw(file.name, file.spec)
    from search.cost.launch_check import check_launch  # brings torch, which driving does without

    found = check_launch(audit or resolve(file), artifact_url=artifact_url)
    return store.studies.create(found.plan)


def drive(
    store: AuditStore,
    name: str,
    *,
    audit: Audit | None = None,
    engine: Engine | None = None,
    observer: Observer = unobserved,
) -> str:
    """Drive a recorded study until it is over or a stop is asked for; its state then.

    Finished runs stay as they are; interrupted and failed ones are run again. Interrupted, or ended
    by an error, the study is ``stopped`` and everything finished is kept. ``audit`` is the study
    with its names resolved, where the caller has that already.

    Raises:
        StudyNotFound: Nobody launched it.
        StudyBusyError: Another driver is at it.
        KeyboardInterrupt: Passed on.
    """
    study = store.studies.get(name)
    audit = _audit_of(study, resolved=audit)
    owner = this_process()
    _take_lease(store, name, owner=owner)
    with _leased(store, name, owner=owner, else_state="stopped") as ending:
        store.studies.clear_stop(name)
        store.dispatch.requeue_failed(name, owner=owner)
        _drive(store, study, audit, ending=ending, engine=engine, observer=observer)
    return ending.state


def drive_next(
    store: AuditStore, *, engine: Engine | None = None, observer: Observer = unobserved
) -> tuple[str, str] | None:
    """Drive the study that has waited longest; its name and state, or None if none waits.

    Interrupted, or ended by an error that is not the study's own, it is ``queued`` again for the
    next scheduler; after an error it pauses, so that others pass, and its status says why. A study
    whose driver died is gone on with as it is; only one that a person queued (again) has its failed
    runs run again. One that was to stop when its driver died is stopped.

    Raises:
        StudyFileError: The study asks for what is no longer there; it is ``failed``.
    """
    owner = this_process()
    name = store.leases.claim(owner=owner, ttl_s=LEASE_S, watch_s=WATCH_S)
    if name is None:
        return None
    study = store.studies.get(name)
    with _leased(store, name, owner=owner, else_state="queued") as ending:
        if study.stop_requested:
            ending.state, ending.as_wished = "stopped", True
        else:
            with heartbeats(store, name, owner=owner):
                audit = _audit_of(study)
            if study.state == "queued":
                store.dispatch.requeue_failed(name, owner=owner)
            _drive(store, study, audit, ending=ending, engine=engine, observer=observer)
    return name, ending.state


@dataclass
class _Ending:
    """What a study is left with.

    Args:
        owner: Who drives it.
        state: Its state then.
        as_wished: A stop was wished for, and that is why it ends.
        error: The sentence of the error that ended it.
    """

    owner: str
    state: str
    as_wished: bool = False
    error: str | None = None


@contextmanager
def _leased(store: AuditStore, name: str, *, owner: str, else_state: str) -> Iterator[_Ending]:
    """Give the lease back however driving ends, with the state that the study then has.

    Where the record does not take that either (it is locked, or away), nothing is lost: the lease
    is over with this process, and whoever comes next goes on.
    """
    ending = _Ending(owner, else_state)
    try:
        yield ending
    except BaseException as error:
        if isinstance(error, StudyFileError):
            ending.state = "failed"
        if isinstance(error, Exception):
            ending.error = " ".join(str(error).split()) or type(error).__name__
        with suppress(StorageError):
            _give_back(store, name, ending=ending)
        raise
    _give_back(store, name, ending=ending)


def _audit_of(study: Study, *, resolved: Audit | None = None) -> Audit:
    """The study with its names resolved, unless the caller has just done so for the same file."""
    check_draw(study.name, study.spec)
    file = recorded_file(study.spec)
    audit = resolved if resolved and resolved.file == file else resolve(file)
    _check_unchanged(study, audit)
    return audit


def _drive(
    store: AuditStore,
    study: Study,
    audit: Audit,
    *,
    ending: _Ending,
    engine: Engine | None,
    observer: Observer,
) -> None:
    """Run what is left of a study whose lease is held, and say how that ends."""
    engine, name, owner = engine or Engine(), study.name, ending.owner
    store.dispatch.release_interrupted(name, owner=owner)
    if not audit.adaptive and not _anything_due(store, name):
        ending.state = _state(store, name)
        return
    resources = audit.file.resources
    supplies = _supplies(study, audit) if engine.ray_address else None
    make_executor = engine.make_executor or partial(make_run_executor, resources)
    observer(Progress(done=0, total=0, g1=0, scored=0, failed=0), None)
    with store.database.translated():  # Optuna's errors are about the same database
        with heartbeats(store, name, owner=owner):
            compare_responses(store, name)
            driver = Driver(
                store,
                audit,
                artifact_url=study.artifact_url,
                owner=owner,
                observer=observer,
                supplies=supplies,
            )
            pool = WorkerPool(resources, make_executor=make_executor, address=engine.ray_address)
        with pool, closing(driver):
            store.studies.set_state(name, "running", owner=owner)
            is_over = driver.drive(pool)
    ending.state = _state(store, name) if is_over or not audit.adaptive else "stopped"
    ending.as_wished = not is_over


def _supplies(study: Study, audit: Audit) -> Supplies:
    """On a cluster: what its nodes may lack goes beside the artifacts."""
    from workers.run.supplies import put_supplies  # after the cheap checks: it loads the suites

    backbones = sorted({host.backbone for host in audit.hosts})
    return put_supplies(study.artifact_url, audit.suite, audit.benchmarks, backbones=backbones)


def _anything_due(store: AuditStore, name: str) -> bool:
    return bool(store.dispatch.next_pending(name, limit=1) or store.trials.ended(name, limit=1))


def _take_lease(store: AuditStore, name: str, *, owner: str) -> None:
    """Take the study's lease; a holder on this machine that is gone need not be waited for."""
    try:
        store.leases.acquire(name, owner=owner, ttl_s=LEASE_S, watch_s=WATCH_S)
    except LeaseHeld as held:
        msg = f"{held}; stop it with: talan study stop {name}"
        raise StudyBusyError(msg) from held


def _give_back(store: AuditStore, name: str, *, ending: _Ending) -> None:
    with suppress(LeaseLost):  # somebody else drives it now, and its state is theirs
        ending.state = store.leases.release(
            name,
            owner=ending.owner,
            state=ending.state,
            as_wished=ending.as_wished,
            reason=ending.error,
            setback=ending.error is not None,
        )


def _state(store: AuditStore, name: str) -> str:
    status = store.studies.status(name)
    counts = status.kinds.values()
    if any(kind.pending or kind.running for kind in counts):
        return "stopped"
    return "completed" if any(kind.completed for kind in counts) else "failed"


def _check_unchanged(study: Study, audit: Audit) -> None:
    """A study goes on only with what it began with: its baselines were made with that."""
    if study.recipe_hash != audit.recipe_hash:
        msg = (
            f"study {study.name!r} began with another version of suite {audit.suite.name!r} (its "
            "recipe, training data or items); put it back, or start a study of another name"
        )
        raise StudyFileError(msg)
    for recorded, found in zip(study.hosts, audit.hosts, strict=True):
        if recorded.fingerprint != found.fingerprint:
            msg = (
                f"backbones: {found.backbone!r} has changed since study {study.name!r} began "
                f"(its files' hash is {found.fingerprint[:12]}, it was "
                f"{recorded.fingerprint[:12]}); put it back, or start a study of another name"
            )
            raise StudyFileError(msg)
