"""Carrying analyses out, on the same workers that train runs.

Owns: claiming what is asked for, handing it to a pool, recording what came of it, and giving back
what an interruption leaves. Does not cover: what is asked (``search.analyses.asking``), the workers
(``search.driving.pool``).

No lease on a study is taken: analyses change no result, and a study may be driven meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from search.analyses.jobs import analysis_job
from search.analyses.of_study import analyse_study
from search.driving.audits import Engine
from search.driving.heartbeats import HEARTBEAT_S
from search.driving.pool import Analysed, Died, Event, Failed, WorkerPool
from search.driving.run_executors import make_run_executor
from search.errors import SearchError
from search.study.file import recorded_file
from search.study.keys import Resources
from storage import Analysis, AuditStore, StorageError
from storage.lease_owner import this_process
from workers.errors import WorkerError

CLAIM_S = 60.0
OF_STUDY_S = 3600.0  # nobody renews it: reading thousands of checkpoints takes as long as it takes
MAX_DEATHS = 2
Watch = Callable[[Analysis], None]


def unwatched(_: Analysis) -> None:
    """Tells nobody."""


def carry_out(
    store: AuditStore,
    asked: Sequence[Analysis],
    *,
    engine: Engine | None = None,
    watch: Watch = unwatched,
) -> list[Analysis]:
    """Do what is not done yet; all of them as they are then, in order.

    What another process does at the moment is left to it.

    Raises:
        EngineError: Ray cannot give the workers.
        KeyboardInterrupt: Passed on; what was claimed waits again.
    """
    due = [one for one in asked if one.state not in ("completed", "failed")]
    for study in dict.fromkeys(one.study for one in due):
        _of_study(store, [one for one in due if one.study == study and not one.run_id], watch)
        ids = [one.id for one in due if one.study == study and one.run_id]
        if ids:
            _Drive(store, ids, watch=watch).drive(_resources(store, study, len(ids)), engine=engine)
    return store.analyses.get([one.id for one in asked])


def _of_study(store: AuditStore, due: Sequence[Analysis], watch: Watch) -> None:
    """Analyses of a whole study read weights alone: they need no backbone, and are done here."""
    owner, ids = this_process(), [one.id for one in due]
    while (found := store.analyses.claim(owner=owner, ttl_s=OF_STUDY_S, among=ids)) is not None:
        try:
            done = analyse_study(store, found.study, found.name)
            store.analyses.finish(
                found.id,
                owner=owner,
                summary=done.summary,
                artifact=done.artifact,
                seconds=done.seconds,
            )
        except (SearchError, StorageError) as error:
            store.analyses.fail(found.id, owner=owner, error=str(error))
        except BaseException:
            store.analyses.give_back([found.id], owner=owner)
            raise
        watch(store.analyses.get([found.id])[0])


def carry_out_next(store: AuditStore, *, engine: Engine | None = None) -> int:
    """Do all analyses that wait; how many there were."""
    if not store.analyses.is_any_waiting():
        return 0
    waiting = store.analyses.waiting()
    carry_out(store, waiting, engine=engine)
    return len(waiting)


def _resources(store: AuditStore, study: str, number: int) -> Resources:
    """As a run of the study has them; an analysis is one process."""
    resources = recorded_file(store.studies.get(study).spec).resources
    workers = min(resources.workers, number)
    return resources.model_copy(update={"processes_per_run": 1, "workers": workers})


@dataclass
class _Drive:
    """Some analyses of one study, on one pool."""

    store: AuditStore
    ids: Sequence[str]
    watch: Watch
    owner: str = field(default_factory=this_process)
    claimed: set[str] = field(default_factory=set)
    deaths: dict[str, int] = field(default_factory=dict)

    def drive(self, resources: Resources, *, engine: Engine | None) -> None:
        engine = engine or Engine()
        make = engine.make_executor or partial(make_run_executor, resources)
        try:
            with WorkerPool(resources, make_executor=make, address=engine.ray_address) as pool:
                while self._fill(pool) or pool.busy:
                    for event in pool.wait(timeout_s=HEARTBEAT_S):
                        self._handle(event)
                    self.store.analyses.renew(self.claimed, owner=self.owner, ttl_s=CLAIM_S)
        except BaseException:
            with suppress(StorageError):
                self.store.analyses.give_back(self.claimed, owner=self.owner)
            raise

    def _fill(self, pool: WorkerPool) -> bool:
        """Hand out what is due; whether something may still be, where no worker is up yet."""
        for slot in pool.idle:
            while (analysis := self._claim()) is not None:
                try:
                    pool.submit(slot, analysis_job(self.store, analysis))
                    break
                except (SearchError, WorkerError) as error:
                    self._fail(analysis.id, str(error))
            if analysis is None:
                return False
        return not pool.idle or bool(pool.busy)

    def _claim(self) -> Analysis | None:
        found = self.store.analyses.claim(owner=self.owner, ttl_s=CLAIM_S, among=self.ids)
        if found is not None:
            self.claimed.add(found.id)
        return found

    def _handle(self, event: Event) -> None:
        key = event.job.key
        match event:
            case Analysed():
                result = event.result
                self.store.analyses.finish(
                    key,
                    owner=self.owner,
                    summary=result.summary,
                    artifact=result.artifact.name,
                    seconds=result.seconds,
                )
                self._over(key)
            case Failed():
                self._fail(key, event.message)
            case Died():
                self._lose(key, event.message)

    def _lose(self, key: str, message: str) -> None:
        """Try again in another worker, a bounded number of times."""
        self.deaths[key] = self.deaths.get(key, 0) + 1
        if self.deaths[key] >= MAX_DEATHS:
            self._fail(key, f"{message} ({MAX_DEATHS} times; the analysis is given up)")
            return
        self.claimed.discard(key)
        self.store.analyses.give_back([key], owner=self.owner)

    def _fail(self, key: str, message: str) -> None:
        self.store.analyses.fail(key, owner=self.owner, error=message)
        self._over(key)

    def _over(self, key: str) -> None:
        self.claimed.discard(key)
        for done in self.store.analyses.get([key]):
            self.watch(done)
