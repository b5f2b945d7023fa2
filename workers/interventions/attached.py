"""An intervention that stands on a backbone: what training, generation and storing ask of it.

Owns: the interface of whatever was attached. Does not cover: how it is made
(``workers.interventions.intervention``), nor on what (``workers.interventions.bench``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from transformers import TrainerCallback

    from workers.job.recipe import Recipe


class Attached(ABC):
    """An intervention on a backbone.

    Attributes:
        model: What is trained and asked: the backbone itself with hooks, or PEFT's wrapper of it.
        chat_template: Saved beside the weights, where it is not the backbone's own.
    """

    model: Any
    chat_template: str | None = None

    @abstractmethod
    def save(self, folder: Path, *, backbone: str) -> None:
        """Write what is needed to restore it: safetensors and JSON, equal bytes for equal weights.

        Args:
            folder: An existing, empty folder.
            backbone: The backbone's name.
        """

    @abstractmethod
    def detach(self) -> None:
        """Take it off: the backbone is then what it was, bit for bit. Twice is as once."""

    @abstractmethod
    def num_parameters(self) -> int:
        """Scalars that it adds to the backbone, trained or not."""

    def callbacks(self, recipe: Recipe) -> list[TrainerCallback]:  # noqa: ARG002
        """What steers it in training."""
        return []

    def shape_optimizer(self, recipe: Recipe) -> Callable[[Optimizer], None] | None:  # noqa: ARG002
        """What sets learning rates of its own, if anything does."""
        return None

    def decoding(self) -> AbstractContextManager[object]:
        """A context within which answers are generated."""
        return nullcontext()

    def provenance(self) -> dict[str, Any]:
        """What was measured in making it."""
        return {}
