"""The driver: one process that gives a study's due runs to workers and writes down what they did.

Owns: the order of runs, retries of runs whose worker died, heartbeats of the lease, and every write
of results. Does not cover: taking the lease (``search.driving.audits``), the workers
(``search.driving.pool``) and what they are asked (``search.driving.run_jobs``), Optuna
(``search.driving.trials``).

The record is the truth: whatever dies, and whenever, what was in flight is pending again for the
next driver, and a driver that lost its lease can write nothing more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from search.driving.baseline_answers import BaselineAnswers
from search.driving.due_queue import DueQueue
from search.driving.exact.verdict_plans import VerdictPlans
from search.driving.heartbeats import HEARTBEAT_S, LEASE_S
from search.driving.interruptions import uninterrupted
from search.driving.matched_nulls import MatchedNulls
from search.driving.pool import Died, Event, Failed, Met, Scored, Trained, WorkerPool
from search.driving.progress import Observer, RunNote, cells_text, unobserved
from search.driving.progress_counts import ProgressCounts
from search.driving.run_jobs import RunJobs
from search.driving.run_outcomes import answers, cell_text, run_outcome
from search.driving.trials import Trials
from search.errors import HaltedError, StudyFileError
from search.study.plan import Audit
from storage import AuditStore
from storage.errors import BaselineMismatch
from storage.matching import match_key
from storage.new_rows import (
    BASELINE,
    METHOD,
    TREATMENT,
)
from storage.records import DueRun
from storage.verdict import in_words
from workers.job.jobs import (
    BaselineMet,
    CellResult,
    RunJob,
    Supplies,
    TrainResult,
)

MAX_ATTEMPTS = 3
_EVERYTHING = 1_000_000
_NO_BASELINE = "the run's baseline failed, and without one there is nothing to ask it"


@dataclass
class _InFlight:
    run: DueRun
    job: RunJob
    attempt: int
    waits: bool = False  # for its baseline
    trained: TrainResult | None = None
    cells: list[CellResult] = field(default_factory=list)


class Driver:
    """Drives one study to its end, or until it is asked to stop.

    Args:
        store: The record; ``owner`` holds the study's lease in it.
        audit: The study.
        artifact_url: Where workers put responses and checkpoints.
        owner: The lease's holder.
        observer: Told of every step.
        supplies: What workers on other nodes can fetch; None: they have all of it.
    """

    def __init__(
        self,
        store: AuditStore,
        audit: Audit,
        *,
        artifact_url: str,
        owner: str,
        observer: Observer = unobserved,
        supplies: Supplies | None = None,
    ) -> None:
        self._store, self._audit, self._owner = store, audit, owner
        self._study = audit.file.name
        self._trials = Trials(store, audit, owner=owner)
        self._counts = ProgressCounts(store, audit, observer=observer)
        exact = audit.file.verdicts == "exact"
        self._plans = VerdictPlans(store, audit) if exact else None
        self._matched = MatchedNulls(store, audit)
        needed_by = (*self._matched.measured, *((TREATMENT, METHOD) if exact else ()))
        self._answers = BaselineAnswers(store, audit, needed_by=needed_by)
        self._jobs = RunJobs(
            audit,
            artifact_url=artifact_url,
            supplies=supplies,
            matched=self._matched,
            plans=self._plans,
        )
        self._in_flight: dict[str, _InFlight] = {}
        self._queue = DueQueue({i: host.backbone for i, host in enumerate(audit.hosts)})
        self._barren: set[int] = set()  # hosts that an adaptive design asks no more of
        self._beaten_at = float("-inf")

    def drive(self, pool: WorkerPool) -> bool:
        """Run what is due; True when nothing is left, False when a stop was asked for."""
        with uninterrupted():
            self._trials.reconcile()
            self._take_in_due()
            self._counts.count_afresh()
            self._tell(None)
        while True:
            with uninterrupted():
                if self._heartbeat():
                    return False
                self._fill(pool)
                if pool.idle and not self._in_flight:
                    return True
            events = pool.wait(timeout_s=HEARTBEAT_S)
            with uninterrupted():
                for event in events:
                    self._handle(event)
                self._introduce_baselines(pool)

    def close(self) -> None:
        """Close Optuna's connections; the record's are its owner's."""
        self._trials.close()

    def _heartbeat(self) -> bool:
        """Renew the lease every few seconds; whether a stop was asked for."""
        if time.monotonic() - self._beaten_at < HEARTBEAT_S:
            return False
        self._store.leases.renew(self._study, owner=self._owner, ttl_s=LEASE_S)
        self._beaten_at = time.monotonic()
        return self._store.studies.is_stop_requested(self._study)

    def _fill(self, pool: WorkerPool) -> None:
        for slot in pool.idle:
            run = self._next(pool, slot=slot)
            while run is not None and not self._start(run, pool, slot=slot):
                run = self._next(pool, slot=slot)
            if run is None:
                return

    def _next(self, pool: WorkerPool, *, slot: int) -> DueRun | None:
        if not self._queue:
            self._propose()
        if not self._queue:
            self._free_matched()
        return self._queue.take(warm=pool.backbone_of(slot))

    def _start(self, run: DueRun, pool: WorkerPool, *, slot: int) -> bool:
        """Give a run to a worker; False where nothing can come of it, and it failed at once."""
        self._counts.pace.start(run.id)
        attempt = self._store.dispatch.start(run.id, owner=self._owner, worker=f"worker-{slot}")
        try:
            if self._answers.lacks(run):
                raise StudyFileError(_NO_BASELINE)
            job = self._jobs.of(run)
        except StudyFileError as error:
            self._give_up(run, attempt, str(error))
            return False
        drafts = self._answers.of(run)
        self._in_flight[run.id] = _InFlight(run, job, attempt, waits=drafts is None)
        pool.submit(slot, job, drafts=drafts)
        self._note("started", run, f"attempt {attempt}")
        return True

    def _introduce_baselines(self, pool: WorkerPool) -> None:
        """Let runs go on whose baseline is over; those whose baseline was lost start again.

        One that cannot be evaluated without it fails as those do that were not begun. A baseline
        whose worker died is due again and needs a slot, which may be the one that a run holds
        while it waits for this very baseline.
        """
        in_flight = {match_key(f.run) for f in self._flights() if f.run.kind == BASELINE}
        for flight in self._flights():
            if not flight.waits:
                continue
            drafts = self._answers.of(flight.run)
            if self._answers.lacks(flight.run):
                if pool.take_back(flight.run.id):
                    self._fail(flight, _NO_BASELINE)
            elif drafts is not None:
                flight.job, flight.waits = self._jobs.of(flight.run), False
                pool.meet_baseline(flight.job, drafts=drafts)
            elif match_key(flight.run) not in in_flight and pool.take_back(flight.run.id):
                self._begin_again(flight, "the worker of its baseline died")

    def _flights(self) -> list[_InFlight]:
        return list(self._in_flight.values())

    def _take_in_due(self) -> None:
        for run in self._store.dispatch.next_pending(self._study, limit=_EVERYTHING):
            if not self._matched.holds(run):
                self._queue.put(run)

    def _free_matched(self) -> None:
        """Where nothing else is due: null runs of the hosts whose treatments are all over."""
        treated = {f.run.host for f in self._in_flight.values() if f.run.kind == TREATMENT}
        busy = treated | set(self._open_hosts())
        for run in self._matched.free(busy=busy):
            self._queue.put(run)

    def _handle(self, event: Event) -> None:
        flight = self._in_flight[event.job.key]
        match event:
            case Trained():
                flight.trained = event.result
            case Met():
                self._meet(flight, event.result)
            case Scored():
                flight.cells.append(event.result)
                self._note("scored", flight.run, cell_text(event.result))
                if event.last:
                    self._finish(flight)
            case Failed(halts=True):  # the run is pending again: it did nothing wrong
                raise HaltedError(event.message)
            case Failed():
                self._fail(flight, event.message, detail=event.detail)
            case Died():
                self._lose(flight, event.message)

    def _meet(self, flight: _InFlight, met: BaselineMet) -> None:
        assert flight.trained is not None
        flight.trained = replace(
            flight.trained,
            kl_to_baseline=met.kl_to_baseline,
            seconds=flight.trained.seconds + met.seconds,
        )

    def _finish(self, flight: _InFlight) -> None:
        run = flight.run
        assert flight.trained is not None
        outcome = run_outcome(flight.job, flight.trained, flight.cells)
        try:
            self._store.results.finish(
                run.id, owner=self._owner, attempt=flight.attempt, outcome=outcome
            )
        except BaselineMismatch as error:  # it has no verdict; done again once that is mended
            self._fail(flight, str(error))
            return
        self._learn(flight)
        self._close(run)
        done = self._store.runs.get(run.id)
        self._counts.count(done)
        verdict = in_words(g1=done.g1, verdict=done.verdict)
        said = f"{cells_text(done)}  {verdict}" if verdict else cells_text(done)
        self._note("finished", run, said)
        if done.error:  # a self-check that is not inert
            self._note("failed", run, done.error)

    def _learn(self, flight: _InFlight) -> None:
        """Let a completed run shape the plans of later ones."""
        run = flight.run
        self._answers.learn(run, flight.cells)
        self._matched.learn(run, flight.trained)
        if self._plans is not None:
            self._plans.learn(
                run.host,
                kind=run.kind,
                seed=run.baseline_seed,
                answers=answers(flight.cells),
                seconds={cell.benchmark: cell.seconds for cell in flight.cells},
            )

    def _fail(self, flight: _InFlight, message: str, *, detail: str | None = None) -> None:
        self._give_up(flight.run, flight.attempt, message, detail=detail)

    def _give_up(
        self, run: DueRun, attempt: int, message: str, *, detail: str | None = None
    ) -> None:
        self._store.dispatch.fail(
            run.id, owner=self._owner, attempt=attempt, error=message, retry=False, detail=detail
        )
        self._answers.learn(run, [])
        self._matched.learn(run, None)
        if run.kind == BASELINE:
            failed = self._store.dispatch.fail_dependents(run.id, owner=self._owner)
            for parts in (self._queue, self._matched):
                parts.drop(failed)
            self._barren.add(run.host)
        self._close(run)
        self._counts.count_afresh()
        self._note("failed", run, message)

    def _lose(self, flight: _InFlight, message: str) -> None:
        """Try a run again whose worker died under it, a bounded number of times."""
        run = flight.run
        if run.failures + 1 >= MAX_ATTEMPTS:
            self._fail(flight, f"{message} ({MAX_ATTEMPTS} times; the run is given up)")
            return
        self._store.dispatch.fail(
            run.id, owner=self._owner, attempt=flight.attempt, error=message, retry=True
        )
        del self._in_flight[run.id]
        self._counts.pace.drop(run.id)
        self._queue.put_back(replace(run, failures=run.failures + 1))
        self._note("retried", run, message)

    def _begin_again(self, flight: _InFlight, message: str) -> None:
        """Let a run that did nothing wrong wait for its turn once more."""
        run = flight.run
        self._store.dispatch.fail(
            run.id, owner=self._owner, attempt=flight.attempt, error=message, retry=True
        )
        del self._in_flight[run.id]
        self._counts.pace.drop(run.id)
        self._queue.put(run)
        self._note("retried", run, message)

    def _close(self, run: DueRun) -> None:
        self._in_flight.pop(run.id, None)
        self._counts.pace.end(run.id)
        self._trials.tell_ended()

    def _propose(self) -> None:
        """Ask an adaptive design for one more configuration, on the host that has fewest."""
        while open_hosts := self._open_hosts():
            host = min(open_hosts, key=self._trials.num_configurations)
            position = self._trials.num_configurations(host) * len(self._audit.file.seeds)
            if runs := self._trials.propose(host, position=position):
                break
            self._barren.add(host)
        else:
            return
        self._take_in_due()
        self._counts.expect(len(runs))

    def _open_hosts(self) -> list[int]:
        """Hosts of an adaptive design that may have one more configuration."""
        limit = self._audit.configurations_per_host
        if not self._audit.adaptive or limit is None:
            return []
        return [
            host
            for host in range(len(self._audit.hosts))
            if host not in self._barren and self._trials.num_configurations(host) < limit
        ]

    def _note(self, kind: str, run: DueRun, text: str) -> None:
        self._tell(self._counts.note(kind, run, text))

    def _tell(self, note: RunNote | None) -> None:
        pending = len(self._queue) + len(self._matched)
        self._counts.tell(note, running=len(self._in_flight), pending=pending)
