"""A pool of Ray actors, each with a warm executor: runs go in, steps come out.

Owns: one actor a slot, handing a run's steps to it one by one (train, then each benchmark),
noticing a dead worker and starting another in its place. Does not cover: Ray itself
(``search.driving.start_ray``); which run is due, retries, or any record
(``search.driving.driver``).

Why plain actors and not Ray Tune's own trial loop: docs/decisions/0002-ray-actors.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError

from search.driving.run_places import reserve_places
from search.driving.start_ray import start_ray
from search.errors import PlacementError
from search.study.keys import Resources
from workers.analyses.jobs import AnalysisJob, AnalysisResult
from workers.errors import first_line
from workers.job.jobs import BaselineMet, CellResult, RunJob, TrainResult
from workers.ray_actors.run_actor import Executor, RayWorker, StepFailed

PATIENCE_S = 600.0
_NO_DRAFTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Trained:
    """A run's training is over."""

    job: RunJob
    result: TrainResult


@dataclass(frozen=True)
class Met:
    """A trained run was told of its baseline."""

    job: RunJob
    result: BaselineMet


@dataclass(frozen=True)
class Scored:
    """A benchmark of a run is scored; ``last`` tells the run's last one: it may have lost it."""

    job: RunJob
    result: CellResult
    last: bool


@dataclass(frozen=True)
class Analysed:
    """An analysis is done."""

    job: AnalysisJob
    result: AnalysisResult


@dataclass(frozen=True)
class Failed:
    """A step of a run raised; the same run would raise again, and, if it halts, any other."""

    job: RunJob | AnalysisJob
    message: str
    detail: str
    halts: bool = False


@dataclass(frozen=True)
class Died:
    """The worker of a run died under it; the run may well succeed elsewhere."""

    job: RunJob | AnalysisJob
    message: str


Event = Trained | Met | Scored | Analysed | Failed | Died


@dataclass
class _Slot:
    """Idle: no job, waiting on nothing. Starting: waiting without a job.

    With a job and waiting on nothing, it holds a trained host until somebody says what its baseline
    came to. ``drafts`` are None until then; ``is_to_meet``: the worker is still to be told.
    """

    number: int
    actor: Any
    waiting_on: Any
    job: RunJob | AnalysisJob | None = None
    backbone: str | None = None
    due: list[str] = field(default_factory=list)
    drafts: Mapping[str, str] | None = None
    is_to_meet: bool = False


class WorkerPool:
    """``workers`` concurrent runs on Ray.

    Args:
        resources: How many runs go at once and what each takes.
        make_executor: Called in each worker's process for what it holds.
        address: A Ray cluster (``auto``, ``host:port``); None: a Ray of our own on this machine.

    Raises:
        EngineError: The cluster cannot be reached.
        PlacementError: No node of it can hold one run.
    """

    def __init__(
        self,
        resources: Resources,
        *,
        make_executor: Callable[[], Executor],
        address: str | None = None,
    ) -> None:
        self._resources = resources
        self._make_executor = make_executor
        start_ray(resources, address=address)
        self._options = [
            {
                "num_cpus": resources.cpus_per_run,
                "num_gpus": resources.gpus_per_run,
                # The driver counts what a run's worker died of, and gives the run up at the third.
                "max_restarts": 0,
                "max_task_retries": 0,
                **reserve_places(resources),
            }
            for _ in range(resources.workers)
        ]
        self._has_workers, self._since = False, time.monotonic()
        self._slots = [
            _Slot(number, *self._new_actor(number)) for number in range(resources.workers)
        ]

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def idle(self) -> list[int]:
        """Numbers of the slots that wait for a run; one whose worker is not up yet does not.

        Where the cluster holds fewer workers than were asked for, the others never come up.
        """
        return [slot.number for slot in self._slots if slot.waiting_on is None and slot.job is None]

    @property
    def busy(self) -> list[RunJob | AnalysisJob]:
        """The runs and analyses in flight."""
        return [slot.job for slot in self._slots if slot.job is not None]

    def backbone_of(self, number: int) -> str | None:
        """The backbone that a slot's worker holds warm."""
        return self._slots[number].backbone

    def submit(
        self,
        number: int,
        job: RunJob | AnalysisJob,
        *,
        drafts: Mapping[str, str] | None = _NO_DRAFTS,
    ) -> None:
        """Hand a run or an analysis to an idle slot.

        Args:
            number: The slot's.
            job: The run, or the analysis.
            drafts: By benchmark, the artifact with the run's baseline's responses; None: it is not
                done yet, and once the run is trained it waits for ``meet_baseline``.
        """
        slot = self._slots[number]
        slot.job, slot.backbone, slot.due = job, job.backbone, list(job.benchmarks)
        slot.drafts, slot.is_to_meet = drafts, False
        first = slot.actor.analyse if isinstance(job, AnalysisJob) else slot.actor.begin
        slot.waiting_on = first.remote(job)

    def meet_baseline(self, job: RunJob, *, drafts: Mapping[str, str]) -> None:
        """Tell a run of its baseline; one that waits for it goes on.

        Args:
            job: The run's, with all that follows from its baseline.
            drafts: As in ``submit``.
        """
        for slot in self._slots:
            if slot.drafts is None and slot.job is not None and slot.job.key == job.key:
                slot.job, slot.due = job, list(job.benchmarks)
                slot.drafts, slot.is_to_meet = drafts, True
                if slot.waiting_on is None:
                    self._go_on(slot)

    def take_back(self, key: str) -> bool:
        """Free the slot of a trained run that waits for its baseline; False where none does."""
        for slot in self._slots:
            waits = slot.waiting_on is None and slot.drafts is None
            if slot.job is not None and slot.job.key == key and waits:
                slot.job, slot.due = None, []
                return True
        return False

    def wait(self, *, timeout_s: float) -> list[Event]:
        """The steps that ended within ``timeout_s``; returns at once when one has.

        None of them where a worker came up.

        Raises:
            PlacementError: Not one worker has come up in a long time.
        """
        self._check_patience()
        waiting = {slot.waiting_on: slot for slot in self._slots if slot.waiting_on is not None}
        if not waiting:
            return []
        ready, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        if not ready:
            ready, _ = ray.wait(list(waiting), num_returns=1, timeout=timeout_s)
        events = [self._advance(waiting[reference]) for reference in ready]
        return [event for event in events if event is not None]

    def _check_patience(self) -> None:
        """Let another study pass where Ray has no room for this one, others using it all."""
        if self._has_workers or time.monotonic() - self._since < PATIENCE_S:
            return
        asked = f"{self._resources.cpus_per_run:g} CPU and {self._resources.gpus_per_run:g} GPU"
        msg = f"no worker came up in {PATIENCE_S:g} s; a run asks for {asked}, and Ray has no room"
        raise PlacementError(msg)

    def close(self) -> None:
        """Kill every worker, what they do included, and leave Ray."""
        for slot in self._slots:
            ray.kill(slot.actor)
        ray.shutdown()

    def _new_actor(self, number: int) -> tuple[object, object]:
        """A slot's worker, and what answers once it is up."""
        actor_class = ray.remote(RayWorker).options(**self._options[number])
        actor = actor_class.remote(self._make_executor)
        return actor, actor.pid.remote()

    def _advance(self, slot: _Slot) -> Event | None:
        job = slot.job
        if job is None:  # up, or dead already: the run that it is given next will tell
            slot.waiting_on, self._has_workers = None, True
            return None
        try:
            result = ray.get(slot.waiting_on)
        except RayActorError as error:
            self._replace(slot)
            return Died(job, f"the worker died: {first_line(error)}")
        except RayError as error:
            self._replace(slot)
            return Died(job, f"{type(error).__name__}: {first_line(error)}")
        if isinstance(result, StepFailed):
            if result.died:
                self._replace(slot)
                return Died(job, result.message)
            if result.expected:
                slot.job = slot.waiting_on = None
            else:
                self._replace(slot)
            return Failed(job, result.message, result.detail, halts=result.halts)
        return self._next_step(slot, job, result)

    def _next_step(
        self,
        slot: _Slot,
        job: RunJob | AnalysisJob,
        result: TrainResult | BaselineMet | CellResult | AnalysisResult,
    ) -> Event:
        if isinstance(job, AnalysisJob):
            assert isinstance(result, AnalysisResult)
            slot.job = slot.waiting_on = None
            return Analysed(job, result)
        assert not isinstance(result, AnalysisResult)
        last = not slot.due or (isinstance(result, CellResult) and job.is_lost(result))
        slot.waiting_on = None
        if last:
            slot.job = None
        elif slot.drafts is not None:
            self._go_on(slot)
        if isinstance(result, TrainResult):
            return Trained(job, result)
        if isinstance(result, BaselineMet):
            return Met(job, result)
        return Scored(job, result, last=last)

    def _go_on(self, slot: _Slot) -> None:
        if slot.is_to_meet:
            slot.is_to_meet = False
            slot.waiting_on = slot.actor.meet_baseline.remote(slot.job)
            return
        benchmark = slot.due.pop(0)
        draft = (slot.drafts or {}).get(benchmark)
        slot.waiting_on = slot.actor.evaluate.remote(benchmark, draft)

    def _replace(self, slot: _Slot) -> None:
        ray.kill(slot.actor)
        slot.actor, slot.waiting_on = self._new_actor(slot.number)
        slot.job = slot.backbone = None
