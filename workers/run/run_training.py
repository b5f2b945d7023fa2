"""Training one run on a warm backbone.

Owns: what its intervention is given to work with, the run's distance from its baseline, what is
noted of it, and the search for the scale of a matched null run. Does not cover: interventions and
the order of their duties (``workers.interventions``), the reset between two runs and what follows a
failure (``workers.run.executor``), the training loop itself (``workers.training.training``).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from storage.artifacts import ArtifactStore
from workers.backbones.chat_templates import is_dated
from workers.errors import WorkerError
from workers.interventions.attached import Attached
from workers.interventions.bench import Bench
from workers.interventions.carry_out import Made, carry_out
from workers.interventions.intervention import Intervention
from workers.interventions.registry import intervention_of
from workers.interventions.restore import save_made
from workers.job.jobs import RunJob
from workers.processes.training_processes import JoinGroup
from workers.run.rests_on import training_rests_on
from workers.run.scale_search import ScaleRange, Try, search_scale
from workers.run.warm_backbone import WarmBackbone
from workers.training.held_out import BaselineSays, kl_to_baseline

_JITTER_SCALES = ScaleRange(1e-5, 1.0, start=0.1)
_SHAM_SCALES = ScaleRange(1e-3, 1e3, start=1.0)


@dataclass(frozen=True)
class BegunRun:
    """The run whose intervention is on the backbone.

    Attributes:
        job: The run.
        intervention: What it asks for.
        made: What came of it.
    """

    job: RunJob
    intervention: Intervention
    made: Made

    @property
    def host(self) -> Attached:
        """What is on the backbone."""
        return self.made.attached

    def save(self, folder: Path) -> None:
        """Write its checkpoint into an existing, empty folder; a method's names the method."""
        backbone = self.job.base_model or self.job.backbone
        if self.job.method is None:
            self.host.save(folder, backbone=backbone)
        else:
            save_made(self.intervention, self.host, folder, backbone=backbone)


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

    def provenance(self, *, seconds: float) -> dict[str, Any]:
        """What was measured in making it, and of a method what it took and what was chosen.

        ``seconds`` are all that its training and preparation took, which add up to them.
        """
        made, shared = self.run.made, {}
        if self.num_processes > 1:
            shared = {"processes": self.num_processes}
        if self.run.job.method is None:
            return {**self.run.host.provenance(), **shared, **self.matching}
        return {
            **shared,
            "method": {
                "source": self.run.intervention.source,
                "null": self.run.intervention.null,
                "unmatched": list(self.run.intervention.unmatched),
                "made": self.run.host.provenance(),
                "learning_rate": made.learning_rate,
                "rate_by": self._rate_by,
                "choices": [choice.to_record() for choice in made.choices],
                "cost": {
                    "training_s": made.training_s,
                    "preparation_s": seconds - made.training_s,
                    "parameters": self.run.host.num_parameters(),
                    "examples": made.num_examples,
                    "steps": len(made.losses),
                },
            },
        }

    @property
    def _rate_by(self) -> str | None:
        """How the learning rate came about, in words; None where nothing was trained."""
        if self.run.made.learning_rate is None:
            return None
        if len(self.run.intervention.rates(self.run.job.recipe)) > 1:
            return "chosen on held-out training loss"
        return "the recipe's" if self.run.intervention.learning_rate is None else "declared"

    @property
    def matching(self) -> dict[str, object]:
        """What a matched null run was scaled to, and by which tries."""
        if self.run.job.match is None:
            return {}
        tries = [{"scale": tried.scale, "kl": tried.kl} for tried in self.tries]
        return {"match": {"target_kl": self.run.job.match.target, "tries": tries}}


def train_run(
    job: RunJob, warm: WarmBackbone, *, join: JoinGroup, output_dir: Path, scale: float = 1.0
) -> Trained:
    """Carry out the job's intervention on the backbone in memory, and measure how far it went.

    Args:
        job: The run.
        warm: Its backbone, nothing attached.
        join: Joins the processes that train it together.
        output_dir: A folder for files that nobody keeps.
        scale: Of a null run, how strong it is.
    """
    started = time.perf_counter()
    bench = Bench(
        resident=warm.resident,
        adapter=job.adapter,
        seed=job.seed,
        recipe=job.recipe,
        examples=warm.examples(job),
        scratch=output_dir,
        join=lambda: join(warm.device),
    )
    intervention = intervention_of(job, scale=scale)
    run = BegunRun(job, intervention, carry_out(intervention, bench))
    template = warm.resident.tokenizer.chat_template
    run.host.chat_template = template if is_dated(template) else None
    kl = distance_to_baseline(run, warm)
    warm.resident.check_weights()
    rests_on = training_rests_on(
        job,
        warm.resident,
        examples=bench.examples,
        batches=bench.batches() if run.made.trains_as_the_study else None,
        num_processes=bench.num_processes,
    )
    return Trained(run, run.made.losses, started, bench.num_processes, rests_on, kl)


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


def distance_to_baseline(run: BegunRun, warm: WarmBackbone) -> float | None:
    """The run's distance from its baseline; None for a baseline, or where nobody asks."""
    held_out = run.job.held_out
    if held_out is None or held_out.baseline is None:
        return None
    data = ArtifactStore(run.job.artifact_url).get_bytes(held_out.baseline)
    examples = warm.held_out(run.job)
    return kl_to_baseline(run.host.model, examples, baseline=BaselineSays.decode(data))
