"""Training one run on a warm backbone.

Owns: what is prepared for it (examples, batches, the host), training, the run's distance from its
baseline, and the search for the scale of a matched null run. Does not cover: the reset between two
runs and what follows a failure (``workers.run.executor``), the training loop itself
(``workers.run.training``).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from storage.artifacts import ArtifactStore
from workers.errors import WorkerError
from workers.job.jobs import RunJob
from workers.processes.training_processes import JoinGroup
from workers.run.held_out import BaselineSays, kl_to_baseline
from workers.run.host import Host, attach_host
from workers.run.rests_on import training_rests_on
from workers.run.scale_search import ScaleRange, Try, search_scale
from workers.run.sft_data import SftExample, plan_batches
from workers.run.training import train
from workers.run.warm_backbone import WarmBackbone

_JITTER_SCALES = ScaleRange(1e-5, 1.0, start=0.1)
_SHAM_SCALES = ScaleRange(1e-3, 1e3, start=1.0)


@dataclass(frozen=True)
class BegunRun:
    """The run whose host is on the backbone."""

    job: RunJob
    host: Host


@dataclass(frozen=True)
class Prepared:
    """A run before its training: its host is attached.

    Attributes:
        run: The run.
        examples: All that the job may train on.
        batches: Those it does, in order.
    """

    run: BegunRun
    examples: Sequence[SftExample]
    batches: Sequence[Sequence[SftExample]]


@dataclass(frozen=True)
class Trained:
    """A run whose training is over.

    Attributes:
        run: The run.
        losses: One per optimizer step.
        started: ``time.perf_counter()`` before anything was attached.
        num_processes: That trained it together.
        rests_on: ``workers.run.rests_on``.
        kl: Distance from the baseline; None where nobody asked.
        tries: Of a matched null run, the scales in their order.
    """

    run: BegunRun
    losses: tuple[float, ...]
    started: float
    num_processes: int
    rests_on: dict[str, str]
    kl: float | None = None
    tries: tuple[Try, ...] = ()

    @property
    def scale(self) -> float | None:
        """The scale that a matched null run was given."""
        return self.tries[-1].scale if self.tries else None

    @property
    def matching(self) -> dict[str, Any]:
        """What a matched null run was scaled to, and by which tries."""
        if self.run.job.match is None:
            return {}
        tries = [{"scale": tried.scale, "kl": tried.kl} for tried in self.tries]
        return {"match": {"target_kl": self.run.job.match.target, "tries": tries}}


def prepare(job: RunJob, warm: WarmBackbone, *, scale: float) -> Prepared:
    """Plan the job's batches and attach its host to the backbone in memory.

    Args:
        job: The run.
        warm: Its backbone, nothing attached.
        scale: Of a null run, how strong it is.
    """
    examples = warm.examples(job)
    batches = plan_batches(examples, recipe=job.recipe, seed=job.seed)
    first = warm.on_device(batches[0]) if job.sham is not None else None
    host = attach_host(warm.resident, job, batch=first, scale=scale)
    return Prepared(BegunRun(job, host), examples, batches)


def train_prepared(
    prepared: Prepared, warm: WarmBackbone, *, join: JoinGroup, started: float, output_dir: Path
) -> Trained:
    """Train the attached host and measure how far it is from its baseline."""
    run, job = prepared.run, prepared.run.job
    with join(warm.device) as num_processes:
        losses = train(
            run.host.adapted,
            batches=prepared.batches,
            recipe=job.recipe,
            seed=job.seed,
            pad_token_id=warm.padding_token,
            output_dir=output_dir,
            callbacks=run.host.callbacks(job.recipe),
            shape_optimizer=run.host.shape_optimizer(job.recipe),
            num_processes=num_processes,
        )
    kl = _kl_to_baseline(run, warm)
    warm.resident.check_weights()
    rests_on = training_rests_on(
        job,
        warm.resident,
        examples=prepared.examples,
        batches=prepared.batches,
        num_processes=num_processes,
    )
    return Trained(run, losses, started, num_processes, rests_on, kl)


def match_null(job: RunJob, train_at: Callable[[float], Trained]) -> Trained:
    """Train a null run again and again, until it is as far from its baseline as it is to be.

    Args:
        job: The run.
        train_at: Trains it at a scale.
    """
    assert job.match is not None
    within = _SHAM_SCALES if job.jitter is None else _JITTER_SCALES
    started, trained = time.perf_counter(), None

    def measure(scale: float) -> float:
        nonlocal trained
        trained = train_at(scale)
        if trained.kl is None:
            raise WorkerError(f"run {job.key} is matched, and has no baseline to be measured")
        return trained.kl

    tries = search_scale(
        measure, target=job.match.target, start=job.match.start or within.start, within=within
    )
    assert trained is not None
    return replace(trained, tries=tuple(tries), started=started)


def _kl_to_baseline(run: BegunRun, warm: WarmBackbone) -> float | None:
    """The run's distance from its baseline; None for a baseline, or where nobody asks."""
    held_out = run.job.held_out
    if held_out is None or held_out.baseline is None:
        return None
    data = ArtifactStore(run.job.artifact_url).get_bytes(held_out.baseline)
    examples = warm.held_out(run.job)
    return kl_to_baseline(run.host.adapted, examples, baseline=BaselineSays.decode(data))
