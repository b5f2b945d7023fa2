"""A PEFT adapter on the backbone, alone or with a side path: TALAN or a sham.

Owns: how the two are steered, saved and taken off together. Does not cover: how they come on
(``adapter_alone``, ``talan_block``, ``sham``, ``jitter``), the files
(``workers.training.checkpoints``).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from peft import PeftModel
from peft.helpers import DoraCaching
from torch.optim import Optimizer
from transformers import TrainerCallback

from talan import Sham, Talan
from workers.backbones.adapters import detach_adapter
from workers.interventions.attached import Attached
from workers.job.recipe import Recipe
from workers.training.checkpoints import save_checkpoint


class Adapted(Attached):
    """What was put on the backbone.

    Args:
        adapted: PEFT's wrapper.
        talan: TALAN's block or a sham, where there is one.
        number: Of the sham.
    """

    def __init__(
        self, adapted: PeftModel, talan: Talan | Sham | None = None, *, number: int | None = None
    ) -> None:
        self.adapted = adapted
        self.talan = talan
        self.noted: dict[str, object] = {}
        self._number = number
        self._is_on = True

    @property
    def model(self) -> PeftModel:
        """PEFT's wrapper."""
        return self.adapted

    def detach(self) -> None:
        """Take TALAN and the adapter off; the adapter is not merged."""
        if not self._is_on:
            return
        self._is_on = False
        if self.talan is not None:
            self.talan.detach()
        backbone = detach_adapter(self.adapted)
        vars(backbone).pop("decodes_by_itself", None)

    def num_parameters(self) -> int:
        """The adapter's and the block's; a sham has none."""
        block = self.talan.num_parameters() if isinstance(self.talan, Talan) else 0
        return num_adapter_parameters(self.adapted) + block

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

    def decoding(self) -> AbstractContextManager[object]:
        """Keep what every decoding step would recompute: DoRA's weight norms (3x faster)."""
        config = self.adapted.peft_config["default"]
        return DoraCaching() if getattr(config, "use_dora", False) else nullcontext()

    def provenance(self) -> dict[str, Any]:
        """What was measured in attaching it."""
        if not isinstance(self.talan, Sham):
            return self.noted
        return {"sham": {"number": self._number, "norm": self.talan.norm}}

    def save(self, folder: Path, *, backbone: str) -> None:
        """Write adapter and TALAN into one folder."""
        save_checkpoint(
            folder,
            adapted=self.adapted,
            talan=self.talan,
            backbone=backbone,
            chat_template=self.chat_template,
        )


def num_adapter_parameters(adapted: PeftModel) -> int:
    """Scalars of PEFT's own modules; what it keeps of the backbone is left out."""
    prefix = adapted.base_model.prefix
    return sum(
        parameter.numel() for name, parameter in adapted.named_parameters() if prefix in name
    )
