"""Runs, one after the other, on a warm backbone.

Owns: what stays in memory between runs (backbone, tokenizer, tokenised examples, harness tasks,
rendered prompts), the order of a run's steps, and the reset between two of them.
Does not cover: each step itself, dispatching (``workers.ray_actors.run_actor``), storing results.

The weights' fingerprint is checked after training and after every benchmark: a run that altered
them fails. Between runs the adapter and TALAN come off, and module tree, flags and configuration
are put back and checked; where anything is amiss, or a step failed half-way, the backbone is
dropped and the next run loads it again. A, B, A gives A twice, bit for bit, and the same as A in a
process of its own.
"""

import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from peft import PeftModel

from storage.artifacts import ArtifactRef, ArtifactStore
from storage.errors import ArtifactError, ArtifactStoreFull, ArtifactStoreUnavailable
from storage.response_digests import pack_digests
from talan import TalanError
from workers.backbones.loading import load_backbone
from workers.errors import (
    ArtifactsRefusedError,
    BackboneError,
    ConfigurationError,
    SuiteError,
    WorkerError,
)
from workers.evaluation.asked_items import asked_items, encode_asked
from workers.evaluation.benchmark_evaluation import BenchmarkEvaluation, Evaluated
from workers.evaluation.continuous_lm import harness_model
from workers.evaluation.decoding import Decoding
from workers.evaluation.harness import PromptCache, ResidentLM
from workers.evaluation.responses import encode_responses
from workers.job.jobs import CellResult, RunJob, TrainResult
from workers.processes.process_group import GroupMember, process_group
from workers.processes.scratch import ScratchFolder
from workers.processes.training_processes import ALONE, JoinGroup, TrainingProcesses
from workers.run.adapters import generation_cache
from workers.run.held_out import (
    BaselineSays,
    baseline_says,
    held_out_examples,
    kl_to_baseline,
)
from workers.run.host import Host, attach_host
from workers.run.process import freeze_heap, require_main_thread, unfreeze_heap
from workers.run.provenance import collect_provenance
from workers.run.resident import ResidentBackbone
from workers.run.rests_on import cell_rests_on, training_rests_on
from workers.run.scale_search import ScaleRange, Try, search_scale
from workers.run.sft_data import SftExample, collate, plan_batches, read_conversations, tokenise
from workers.run.training import train
from workers.suites.registry import get_suite
from workers.suites.scoring.programs import close_sandbox
from workers.suites.tasks import load_tasks

logger = logging.getLogger(__name__)
_JITTER_SCALES = ScaleRange(1e-5, 1.0, start=0.1)
_SHAM_SCALES = ScaleRange(1e-3, 1e3, start=1.0)


@dataclass(frozen=True)
class _Run:
    """The run that was begun last."""

    job: RunJob
    host: Host


@dataclass(frozen=True)
class _Trained:
    """A run whose training is over."""

    run: _Run
    losses: tuple[float, ...]
    started: float
    num_processes: int
    rests_on: dict[str, str]
    kl: float | None = None
    tries: tuple[Try, ...] = ()

    @property
    def scale(self) -> float | None:
        return self.tries[-1].scale if self.tries else None


LEAST_ROOM_BYTES = 16 << 20  # until it is known how large a run's checkpoint is


class RunExecutor:
    """Trains and evaluates one run at a time; used from the main thread of its process.

    Args:
        device: Where backbones are put; None: the first GPU that this process sees, else the CPU.
        processes: The other processes that train each run with this one.
    """

    def __init__(self, *, device: str | None = None, processes: TrainingProcesses = ALONE) -> None:
        self._processes = processes
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._scratch = ScratchFolder("talan-run-")
        self._room_bytes = LEAST_ROOM_BYTES
        self._resident: ResidentBackbone | None = None
        self._resident_key: tuple[str, str, str] | None = None
        self._prompts = PromptCache()
        self._examples: dict[tuple[Any, ...], list[SftExample]] = {}
        self._tasks: dict[tuple[str, str], Any] = {}
        self._run: _Run | None = None

    def begin(self, job: RunJob) -> TrainResult:
        """Reset, attach the job's host, train it and store its checkpoint.

        Raises:
            WorkerError: The job cannot be carried out; the executor is fit for the next one.
        """
        require_main_thread()
        self._end_run()  # a job that is refused must not leave the last one to be evaluated
        with _one_error_tree():  # before the training, not after it
            ArtifactStore(job.artifact_url).require_room(self._room_bytes)
        with self._processes.started(job) as join:
            trained = self._train(job, join) if job.match is None else self._match(job, join)
        with self._abandoned_on_failure():
            checkpoint = self._store_checkpoint(trained.run)
            held_out = self._store_held_out(job)
        self._room_bytes = max(self._room_bytes, 2 * checkpoint.num_bytes)
        return TrainResult(
            losses=trained.losses,
            steps=len(trained.losses),
            seconds=time.perf_counter() - trained.started,
            checkpoint=checkpoint,
            provenance={
                **collect_provenance(job),
                **trained.run.host.provenance(job),
                **({"processes": trained.num_processes} if trained.num_processes > 1 else {}),
                **_matching(job, trained),
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
        self._train(job, lambda device: process_group(member, device=device))

    def evaluate(self, benchmark: str) -> CellResult:
        """Generate and score one benchmark with the host trained last; store its responses.

        Where the job has a plan for it, whole batches are asked until its loss is certain.

        Raises:
            WorkerError: No run was begun, or the run's job does not name this benchmark.
        """
        require_main_thread()
        if self._run is None or self._resident is None:
            raise WorkerError(f"benchmark {benchmark!r} cannot be evaluated before a run was begun")
        job, started = self._run.job, time.perf_counter()
        tasks = self._task(job, benchmark)
        with _one_error_tree(), generation_cache(job.adapter):
            model = harness_model(
                self._resident.model,
                tokenizer=self._resident.tokenizer,
                decoding=Decoding.of(job.recipe),
                prompts=self._prompts,
            )
            evaluation = BenchmarkEvaluation(model, tasks=tasks, benchmark=benchmark)
            found = evaluation.carry_out(job.plans.get(benchmark))
            self._resident.check_weights()
            asked = self._stored_prompts(job, benchmark, model)
            responses = ArtifactStore(job.artifact_url).put_bytes(
                encode_responses(found.items, asked=asked), suffix="parquet"
            )
        outcomes = tuple(item.outcome.is_correct for item in found.items)
        return CellResult(
            benchmark=benchmark,
            n_items=found.n_items,
            n_correct=sum(outcomes),
            outcomes=outcomes,
            responses=responses,
            seconds=time.perf_counter() - started,
            items=found.numbers,
            digests=_digests(found),
            rests_on=cell_rests_on(job, benchmark, found=found, asked=asked),
        )

    @property
    def model(self) -> PeftModel:
        """The host trained last: backbone, adapter and TALAN.

        Raises:
            WorkerError: No run was begun.
        """
        if self._run is None:
            raise WorkerError("there is no trained host before a run was begun")
        return self._run.host.adapted

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

    def _match(self, job: RunJob, join: JoinGroup) -> _Trained:
        """Train a null run again and again, until it is as far from its baseline as it is to be."""
        assert job.match is not None
        within = _SHAM_SCALES if job.jitter is None else _JITTER_SCALES
        started, trained = time.perf_counter(), None

        def measure(scale: float) -> float:
            nonlocal trained
            trained = self._train(job, join, scale=scale)
            if trained.kl is None:
                raise WorkerError(f"run {job.key} is matched, and has no baseline to be measured")
            return trained.kl

        tries = search_scale(
            measure,
            target=job.match.target,
            start=job.match.start or within.start,
            within=within,
        )
        assert trained is not None
        return replace(trained, tries=tuple(tries), started=started)

    def _train(self, job: RunJob, join: JoinGroup, *, scale: float = 1.0) -> _Trained:
        """Reset, attach the job's host and train it."""
        self._end_run()
        resident = self._load(job)
        examples = self._tokenised(job, resident)
        started = time.perf_counter()
        with self._abandoned_on_failure():
            batches = plan_batches(examples, recipe=job.recipe, seed=job.seed)
            first = self._on_device(batches[0], resident) if job.sham is not None else None
            run = self._run = _Run(job, attach_host(resident, job, batch=first, scale=scale))
            with join(self._device) as num_processes:
                losses = self._train_host(run, resident, batches, num_processes)
            kl = self._kl_to_baseline(run)
            resident.check_weights()
            rests_on = training_rests_on(
                job,
                resident,
                examples=examples,
                batches=batches,
                num_processes=num_processes,
            )
        return _Trained(run, losses, started, num_processes, rests_on, kl)

    def _kl_to_baseline(self, run: _Run) -> float | None:
        """The run's distance from its baseline; None for a baseline, or where nobody asks."""
        held_out = run.job.held_out
        if held_out is None or held_out.baseline is None:
            return None
        data = ArtifactStore(run.job.artifact_url).get_bytes(held_out.baseline)
        examples = self._held_out(run.job)
        return kl_to_baseline(run.host.adapted, examples, baseline=BaselineSays.decode(data))

    def _store_held_out(self, job: RunJob) -> ArtifactRef | None:
        """What a baseline says on the held-out examples: the others are measured against it."""
        if job.held_out is None or job.held_out.baseline is not None:
            return None
        says = baseline_says(self.model, self._held_out(job))
        return ArtifactStore(job.artifact_url).put_bytes(says.encode(), suffix="safetensors")

    def _held_out(self, job: RunJob) -> list[SftExample]:
        assert self._resident is not None
        examples = self._tokenised(job, self._resident)
        return held_out_examples(examples, recipe=job.recipe, seed=job.seed)

    def _train_host(
        self,
        run: _Run,
        resident: ResidentBackbone,
        batches: Sequence[Sequence[SftExample]],
        num_processes: int,
    ) -> tuple[float, ...]:
        host, job = run.host, run.job
        return train(
            host.adapted,
            batches=batches,
            recipe=job.recipe,
            seed=job.seed,
            pad_token_id=_padding_token(resident.tokenizer),
            output_dir=self._scratch.path,
            callbacks=host.callbacks(job.recipe),
            shape_optimizer=host.shape_optimizer(job.recipe),
            num_processes=num_processes,
        )

    def _on_device(
        self, batch: Sequence[SftExample], resident: ResidentBackbone
    ) -> dict[str, torch.Tensor]:
        padded = collate(batch, pad_token_id=_padding_token(resident.tokenizer))
        return {name: tensor.to(self._device) for name, tensor in padded.items()}

    def _store_checkpoint(self, run: _Run) -> ArtifactRef:
        with tempfile.TemporaryDirectory(dir=self._scratch.path) as folder:
            run.host.save(Path(folder), backbone=run.job.backbone)
            return ArtifactStore(run.job.artifact_url).put_folder(folder)

    def _load(self, job: RunJob) -> ResidentBackbone:
        """The job's backbone: the one in memory, or loaded in its place."""
        key = (job.backbone, job.recipe.dtype, job.recipe.template_date)
        if self._resident is None or self._resident_key != key:
            self._drop_backbone()
            model, tokenizer = load_backbone(
                job.backbone,
                dtype=job.recipe.dtype,
                device=self._device,
                template_date=job.recipe.template_date,
            )
            self._resident = ResidentBackbone(job.backbone, model=model, tokenizer=tokenizer)
            self._resident_key = key
            freeze_heap()
        return self._resident

    def _tokenised(self, job: RunJob, resident: ResidentBackbone) -> list[SftExample]:
        key = (job.suite, job.recipe.num_examples, job.recipe.max_length)
        if key not in self._examples:
            conversations = read_conversations(
                get_suite(job.suite).train_file, num_examples=job.recipe.num_examples
            )
            self._examples[key] = tokenise(
                conversations, tokenizer=resident.tokenizer, max_length=job.recipe.max_length
            )
        return self._examples[key]

    def _task(self, job: RunJob, benchmark: str) -> dict[str, Any]:
        if benchmark not in job.benchmarks:
            allowed = ", ".join(job.benchmarks)
            raise SuiteError(f"benchmark is {benchmark!r}; this run has {allowed}")
        key = (job.suite, benchmark)
        if key not in self._tasks:
            self._tasks[key] = load_tasks(get_suite(job.suite), [benchmark])[benchmark]
        return {benchmark: self._tasks[key]}

    def _stored_prompts(self, job: RunJob, benchmark: str, model: ResidentLM) -> str:
        """The artifact with what a benchmark's items are asked with; stored once a backbone."""
        known, key = self._prompts.asked, (job.artifact_url, job.suite, benchmark)
        if key not in known:
            items = asked_items(self._task(job, benchmark)[benchmark], model=model)
            store = ArtifactStore(job.artifact_url)
            known[key] = store.put_bytes(encode_asked(items), suffix="parquet").name
        return known[key]

    def _end_run(self) -> None:
        """Take the last run's host off; a backbone that is not as it was loaded is dropped.

        No number of that run is in doubt: its weights were checked after every step.
        """
        if self._run is None or self._resident is None:
            return
        run, self._run = self._run, None
        try:
            run.host.detach()
            self._resident.restore()
        except BackboneError as error:
            logger.warning("%s; it is loaded again", error)
            self._drop_backbone()
        except BaseException:
            self._drop_backbone()
            raise

    @contextmanager
    def _abandoned_on_failure(self) -> Iterator[None]:
        try:
            with _one_error_tree():
                yield
        except BaseException:
            self._abandon_run()
            raise

    def _abandon_run(self) -> None:
        """After a failure: nothing of the backbone is trusted any more."""
        self._run = None
        self._drop_backbone()

    def _drop_backbone(self) -> None:
        unfreeze_heap()
        self._resident, self._resident_key = None, None
        self._prompts, self._examples = PromptCache(), {}


def _matching(job: RunJob, trained: _Trained) -> dict[str, Any]:
    """What a matched null run was scaled to, and by which tries."""
    if job.match is None:
        return {}
    tries = [{"scale": tried.scale, "kl": tried.kl} for tried in trained.tries]
    return {"match": {"target_kl": job.match.target, "tries": tries}}


def _padding_token(tokenizer: Any) -> int:
    """What fills short rows; any token will do, since the rows are masked there."""
    token = tokenizer.pad_token_id
    return int(tokenizer.eos_token_id if token is None else token)


def _digests(found: Evaluated) -> bytes | None:
    """What tells the responses apart from another run's; None where some were not asked for."""
    if found.numbers is not None:
        return None
    return pack_digests([item.outcome.response for item in found.items])


@contextmanager
def _one_error_tree() -> Iterator[None]:
    """What TALAN or the artifact store refuse becomes an error of this package."""
    try:
        yield
    except TalanError as error:
        raise ConfigurationError(str(error)) from error
    except (ArtifactStoreFull, ArtifactStoreUnavailable) as error:
        raise ArtifactsRefusedError(str(error)) from error
    except ArtifactError as error:
        raise WorkerError(str(error)) from error
