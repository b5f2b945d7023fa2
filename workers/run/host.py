"""A host under test: the resident backbone with an adapter, and TALAN where the run has one.

Owns: the order in which the parts go on and come off, and the seeds between them. Does not cover:
training, checkpoints (``workers.run.checkpoints``), and the proof that nothing stayed behind
(``workers.run.resident``).

Matched initialisation: the global generators are re-seeded right before PEFT draws the adapter and
again after TALAN is in place, and TALAN draws from a generator of its own. The adapter's first
weights and every dropout draw are therefore the same with TALAN and without.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peft import PeftModel
from torch import Tensor
from torch.optim import Optimizer
from transformers import TrainerCallback

from talan import Sham, Talan, TalanConfig, TalanError, attach_sham, perturbation_norm
from talan import attach as attach_talan
from workers.backbones.chat_templates import is_dated
from workers.errors import ConfigurationError
from workers.job.jobs import RunJob
from workers.job.recipe import Recipe
from workers.run.adapters import attach_adapter, detach_adapter
from workers.run.checkpoints import save_checkpoint
from workers.run.determinism import seed_generators
from workers.run.jitter import jitter_adapter
from workers.run.resident import ResidentBackbone


@dataclass(frozen=True)
class Host:
    """What was put on the backbone; ``chat_template`` where it is not the backbone's own."""

    adapted: PeftModel
    talan: Talan | Sham | None
    chat_template: str | None = None

    def detach(self) -> None:
        """Take TALAN and the adapter off; the adapter is not merged."""
        if self.talan is not None:
            self.talan.detach()
        detach_adapter(self.adapted)

    def provenance(self, job: RunJob) -> dict[str, Any]:
        """What was measured in attaching it."""
        if not isinstance(self.talan, Sham):
            return {}
        return {"sham": {"number": job.sham, "norm": self.talan.norm}}

    def callbacks(self, recipe: Recipe) -> list[TrainerCallback]:
        """What steers TALAN or a sham in training."""
        if isinstance(self.talan, Talan):
            scales = recipe.gamma_acts_on == "gradient"
            return [self.talan.trainer_callback(scales_gradients=scales)]
        return [] if self.talan is None else [self.talan.trainer_callback()]

    def shape_optimizer(self, recipe: Recipe) -> Callable[[Optimizer], None] | None:
        """What sets learning rates of TALAN's own; None where gamma acts on the gradient."""
        if not isinstance(self.talan, Talan) or recipe.gamma_acts_on == "gradient":
            return None
        return self.talan.scale_learning_rates

    def save(self, folder: Path, *, backbone: str) -> None:
        """Write adapter and TALAN into one folder, the same bytes for the same weights.

        Args:
            folder: An existing, empty folder.
            backbone: The name that the adapter's file gives its base model.
        """
        save_checkpoint(
            folder,
            adapted=self.adapted,
            talan=self.talan,
            backbone=backbone,
            chat_template=self.chat_template,
        )


def attach_host(
    resident: ResidentBackbone,
    job: RunJob,
    *,
    batch: Mapping[str, Tensor] | None = None,
    scale: float = 1.0,
) -> Host:
    """Put the job's adapter, then its TALAN block or sham, on the resident backbone.

    Args:
        resident: The backbone.
        job: The run.
        batch: The first that is trained on; a sham's norm is measured on it.
        scale: Of a jitter, how far it moves the adapter's first weights; of a sham, the factor on
            its norm.

    Raises:
        AdapterError: The backbone lacks a target module.
        ConfigurationError: TALAN's configuration is not allowed or does not fit the backbone.
    """
    config = read_configuration(job)
    adapted = attach_adapter(resident.model, job.adapter, seed=job.seed)
    try:
        if job.jitter is not None:
            jitter_adapter(adapted, seed=job.seed, number=job.jitter, scale=scale)
        talan = None if config is None else _attach_side_path(adapted, config, job, batch, scale)
    except TalanError as error:
        detach_adapter(adapted)
        raise ConfigurationError(str(error)) from error
    except ConfigurationError:
        detach_adapter(adapted)
        raise
    seed_generators(job.seed)
    template = resident.tokenizer.chat_template
    return Host(adapted, talan, chat_template=template if is_dated(template) else None)


def _attach_side_path(
    adapted: PeftModel,
    config: TalanConfig,
    job: RunJob,
    batch: Mapping[str, Tensor] | None,
    scale: float,
) -> Talan | Sham:
    if job.sham is None:
        return attach_talan(adapted, config, seed=job.seed)
    if batch is None:
        raise ConfigurationError(f"sham {job.sham} has no training batch to be measured on")
    norm = perturbation_norm(adapted, config, seed=job.seed, batch=batch)
    return attach_sham(adapted, config, seed=job.seed, number=job.sham, norm=scale * norm)


def read_configuration(job: RunJob) -> TalanConfig | None:
    """The job's configuration, or None for a baseline.

    Raises:
        ConfigurationError: A key or a value is not allowed.
    """
    if job.configuration is None:
        return None
    try:
        return TalanConfig.from_axes(dict(job.configuration), **dict(job.block))
    except TalanError as error:
        raise ConfigurationError(str(error)) from error
