"""PEFT's own tuners as interventions: what IA3, VeRA, Shadow and the variants of LoRA share.

Owns: attaching one from its configuration, and reading a stored one back. Does not cover: which
configuration (each method's file), the files (``workers.training.checkpoints``).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from peft import PeftConfig
from torch import nn

from workers.backbones.adapters import attach_tuner
from workers.interventions.adapted import Adapted
from workers.interventions.attached import Attached
from workers.interventions.bench import Bench
from workers.interventions.intervention import Intervention
from workers.training.checkpoints import load_checkpoint


@dataclass(frozen=True, kw_only=True)
class Tuner(Intervention):
    """A PEFT tuner in the adapter's place."""

    @abstractmethod
    def config(self, bench: Bench) -> PeftConfig:
        """PEFT's configuration."""

    def attach(self, bench: Bench, prepared: object) -> Adapted:
        """Put the tuner on; its first weights are drawn from the run's seed."""
        del prepared
        return Adapted(attach_tuner(bench.model, self.config(bench), seed=bench.seed))

    @classmethod
    def load(cls, model: nn.Module, folder: Path) -> Attached:
        """Read PEFT's two files."""
        adapted, _ = load_checkpoint(folder, model=model)
        return Adapted(adapted)


@dataclass(frozen=True, kw_only=True)
class FrozenNullTuner(Tuner):
    """A tuner whose null is the tuner itself, left as it starts."""

    null: ClassVar[str] = "frozen at its start"

    @property
    def trains(self) -> bool:
        """The null is not trained."""
        return not self.is_null
