"""The Ray actor of a worker: a warm executor, one step a call.

Owns: turning what a step raises into a value that crosses processes. Does not cover: what a step
does (``workers.run.executor``), nor who gets which run (``search.driving.pool``).

A synchronous actor runs its calls one after the other on the main thread, which math_verify needs.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from workers.analyses.jobs import AnalysisJob, AnalysisResult
from workers.errors import ArtifactsRefusedError, TrainingProcessDiedError, WorkerError
from workers.job.jobs import BaselineMet, CellResult, RunJob, TrainResult

R = TypeVar("R")


class Executor(Protocol):
    """What a worker holds between runs: see ``workers.run.executor.RunExecutor``."""

    def begin(self, job: RunJob) -> TrainResult:
        """Reset, attach, train."""

    def meet_baseline(self, job: RunJob) -> BaselineMet:
        """Learn what is known of the run that was begun once its baseline is done."""

    def evaluate(self, benchmark: str, draft: str | None = None) -> CellResult:
        """Generate and score one benchmark with the model just trained."""

    def analyse(self, job: AnalysisJob) -> AnalysisResult:
        """Compute one analysis of stored runs."""

    def close(self) -> None:
        """Give back what is held."""


@dataclass(frozen=True)
class StepFailed:
    """A step raised.

    Args:
        message: One sentence.
        detail: The traceback, for the record.
        expected: Whether the error is one of ours, after which the worker is fit to go on; any
            other may have left the process in an unknown state, and it is to be replaced.
        died: Whether the reason is a process that died: the run may succeed in another.
        halts: Whether every other run would fail the same way: the study is to stop.
    """

    message: str
    detail: str
    expected: bool
    died: bool = False
    halts: bool = False


class RayWorker:
    """One worker process: ``begin`` once a run, then ``evaluate`` once a benchmark.

    Between them ``meet_baseline``, where the run was begun before its baseline was done.
    """

    def __init__(self, make_executor: Callable[[], Executor]) -> None:
        self._executor = make_executor()

    def begin(self, job: RunJob) -> TrainResult | StepFailed:
        """Train a run."""
        return guarded(lambda: self._executor.begin(job))

    def meet_baseline(self, job: RunJob) -> BaselineMet | StepFailed:
        """Tell the run that was begun of its baseline."""
        return guarded(lambda: self._executor.meet_baseline(job))

    def evaluate(self, benchmark: str, draft: str | None = None) -> CellResult | StepFailed:
        """Score one benchmark of the run that was begun."""
        return guarded(lambda: self._executor.evaluate(benchmark, draft))

    def analyse(self, job: AnalysisJob) -> AnalysisResult | StepFailed:
        """Look inside stored runs."""
        return guarded(lambda: self._executor.analyse(job))

    def pid(self) -> int:
        """The worker's process id: set-up is over once this answers."""
        return os.getpid()


def guarded(step: Callable[[], R]) -> R | StepFailed:
    """What a step gives, or what it raised."""
    try:
        return step()
    except TrainingProcessDiedError as error:
        return StepFailed(str(error), traceback.format_exc(), expected=False, died=True)
    except ArtifactsRefusedError as error:
        return StepFailed(str(error), traceback.format_exc(), expected=True, halts=True)
    except WorkerError as error:
        return StepFailed(str(error), traceback.format_exc(), expected=True)
    except Exception as error:
        message = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return StepFailed(message[:2000], traceback.format_exc(), expected=False)
