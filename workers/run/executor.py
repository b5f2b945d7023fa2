"""Runs, one after the other, on a warm backbone.

Owns: the order of a run's steps, what is stored of them, and the reset between two runs.
Does not cover: what stays in memory between runs (``workers.run.warm_backbone``), the steps
themselves (``workers.run.run_training``, ``workers.run.run_evaluation``), dispatching
(``workers.ray_actors.run_actor``), storing results.

The weights' fingerprint is checked after training and after every benchmark: a run that altered
them fails. Between runs the adapter and TALAN come off, and module tree, flags and configuration
are put back and checked; where anything is amiss, or a step failed half-way, the backbone is
dropped and the next run loads it again. A, B, A gives A twice, bit for bit, and the same as A in a
process of its own.
"""

import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

from storage.artifacts import ArtifactRef, ArtifactStore
from workers.analyses.analyst import analyse
from workers.analyses.jobs import AnalysisJob, AnalysisResult
from workers.errors import BackboneError, WorkerError
from workers.job.jobs import BaselineMet, CellResult, RunJob, TrainResult
from workers.processes.process_group import GroupMember, process_group
from workers.processes.scratch import ScratchFolder
from workers.processes.training_processes import ALONE, JoinGroup, TrainingProcesses
from workers.run.one_error_tree import one_error_tree
from workers.run.process import require_main_thread
from workers.run.provenance import collect_provenance
from workers.run.run_evaluation import evaluate_cell
from workers.run.run_training import (
    BegunRun,
    Trained,
    distance_to_baseline,
    match_null,
    train_run,
)
from workers.run.supplies import at_hand
from workers.run.warm_backbone import WarmBackbone
from workers.suites.scoring.programs import close_sandbox
from workers.training.held_out import baseline_says

logger = logging.getLogger(__name__)

LEAST_ROOM_BYTES = 16 << 20  # until it is known how large a run's checkpoint is


class RunExecutor:
    """Trains and evaluates one run at a time; used from the main thread of its process.

    Args:
        device: Where backbones are put; None: the first GPU that this process sees, else the CPU.
        processes: The other processes that train each run with this one.
    """

    def __init__(self, *, device: str | None = None, processes: TrainingProcesses = ALONE) -> None:
        self._processes = processes
        self._warm = WarmBackbone(device=device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._scratch = ScratchFolder("talan-run-")
        self._room_bytes = LEAST_ROOM_BYTES
        self._run: BegunRun | None = None

    def begin(self, job: RunJob) -> TrainResult:
        """Reset, attach the job's host, train it and store its checkpoint.

        Raises:
            WorkerError: The job cannot be carried out; the executor is fit for the next one.
        """
        require_main_thread()
        self._end_run()  # a job that is refused must not leave the last one to be evaluated
        with one_error_tree():  # before the training, not after it
            ArtifactStore(job.artifact_url).require_room(self._room_bytes)
            asked, job = job, at_hand(job)
        with self._processes.started(asked) as join:  # each fetches what its own node lacks
            trained = self._train_or_match(job, join)
        with self._abandoned_on_failure():
            checkpoint = self._store_checkpoint(trained.run)
            held_out = self._store_held_out(job)
        self._room_bytes = max(self._room_bytes, 2 * checkpoint.num_bytes)
        seconds = time.perf_counter() - trained.started
        return TrainResult(
            losses=trained.losses,
            steps=len(trained.losses),
            seconds=seconds,
            checkpoint=checkpoint,
            provenance={
                **collect_provenance(job),
                **trained.provenance(seconds=seconds),
            },
            kl_to_baseline=trained.kl,
            null_scale=trained.scale,
            held_out=held_out,
            rests_on=trained.rests_on,
        )

    def help(self, job: RunJob, member: GroupMember) -> None:
        """Train a share of a run that another process began, which keeps what comes of it.

        Raises:
            WorkerError: As ``begin``.
        """
        require_main_thread()
        with one_error_tree():
            job = at_hand(job)
        self._train(job, lambda device: process_group(member, device=device))

    def meet_baseline(self, job: RunJob) -> BaselineMet:
        """Tell the run that was begun what is known now that its baseline is done.

        Args:
            job: The run's, with plans, order of benchmarks and what its distance is measured
                against.

        Raises:
            WorkerError: No run was begun, or its distance cannot be measured.
        """
        if self._run is None:
            raise WorkerError("no baseline can be met before a run was begun")
        started = time.perf_counter()
        told = replace(
            self._run.job, benchmarks=job.benchmarks, plans=job.plans, held_out=job.held_out
        )
        self._run = replace(self._run, job=told)
        with self._abandoned_on_failure():
            distance = distance_to_baseline(self._run, self._warm)
        return BaselineMet(distance, time.perf_counter() - started)

    def evaluate(self, benchmark: str, draft: str | None = None) -> CellResult:
        """Generate and score one benchmark with the host trained last; store its responses.

        Where the job has a plan for it, whole batches are asked until its loss is certain.

        Args:
            benchmark: One of the job's.
            draft: The artifact with the matched baseline's responses to it, where they are drafts.

        Raises:
            WorkerError: No run was begun, or the run's job does not name this benchmark.
        """
        require_main_thread()
        if self._run is None:
            raise WorkerError(f"benchmark {benchmark!r} cannot be evaluated before a run was begun")
        with one_error_tree():
            return evaluate_cell(
                self._run.job, self._warm, host=self._run.host, benchmark=benchmark, draft=draft
            )

    def analyse(self, job: AnalysisJob) -> AnalysisResult:
        """Compute one analysis of stored hosts; nothing is attached afterwards.

        Raises:
            WorkerError: It cannot be computed for this run.
        """
        require_main_thread()
        self._end_run()
        with self._abandoned_on_failure():
            return analyse(job, self._warm.load(job))

    @property
    def model(self) -> Any:
        """The host trained last: backbone, adapter and TALAN.

        Raises:
            WorkerError: No run was begun.
        """
        if self._run is None:
            raise WorkerError("there is no trained host before a run was begun")
        return self._run.host.model

    def close(self) -> None:
        """Give back everything that is held; the executor cannot be used afterwards."""
        self._processes.close()
        self._abandon_run()
        close_sandbox()
        self._scratch.close()

    def __enter__(self) -> Self:
        """Use as a context: closed at its end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _train_or_match(self, job: RunJob, join: JoinGroup) -> Trained:
        if job.match is None:
            return self._train(job, join)
        return match_null(job, lambda scale: self._train(job, join, scale=scale))

    def _train(self, job: RunJob, join: JoinGroup, *, scale: float = 1.0) -> Trained:
        """Reset, attach the job's host and train it."""
        self._end_run()
        self._warm.load(job)
        self._warm.examples(job)
        with self._abandoned_on_failure():
            trained = train_run(
                job, self._warm, join=join, output_dir=self._scratch.path, scale=scale
            )
        self._run = trained.run
        return trained

    def _store_held_out(self, job: RunJob) -> ArtifactRef | None:
        """What a baseline says on the held-out examples: the others are measured against it."""
        if job.held_out is None or job.held_out.baseline is not None:
            return None
        says = baseline_says(self.model, self._warm.held_out(job))
        return ArtifactStore(job.artifact_url).put_bytes(says.encode(), suffix="safetensors")

    def _store_checkpoint(self, run: BegunRun) -> ArtifactRef:
        with tempfile.TemporaryDirectory(dir=self._scratch.path) as folder:
            run.save(Path(folder))
            return ArtifactStore(run.job.artifact_url).put_folder(folder)

    def _end_run(self) -> None:
        """Take the last run's host off; a backbone that is not as it was loaded is dropped.

        No number of that run is in doubt: its weights were checked after every step.
        """
        if self._run is None or not self._warm.is_loaded:
            return
        run, self._run = self._run, None
        try:
            run.host.detach()
            self._warm.resident.restore()
        except BackboneError as error:
            logger.warning("%s; it is loaded again", error)
            self._warm.drop()
        except BaseException:
            self._warm.drop()
            raise

    @contextmanager
    def _abandoned_on_failure(self) -> Iterator[None]:
        try:
            with one_error_tree():
                yield
        except BaseException:
            self._abandon_run()
            raise

    def _abandon_run(self) -> None:
        """After a failure: nothing of the backbone is trusted any more."""
        self._run = None
        self._warm.drop()
