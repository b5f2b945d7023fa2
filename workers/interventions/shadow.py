"""ShadowPEFT: a small trained network beside the backbone, injected before every block.

    d = h - s,    h' = h + a W_up W_down d,    s' = s + g * (t - s)

with s the shadow's state, started by a one-block copy of the backbone's kind, and t and g two small
maps of the block's output: PEFT 0.21.2's own tuner (``peft.tuners.shadow``), the newest of its
kind. Its second key/value cache follows ``generate()`` only, so answers are decoded in static
batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from peft import PeftConfig, ShadowConfig

from workers.interventions.adapted import Adapted
from workers.interventions.bench import Bench
from workers.interventions.settings import require_whole
from workers.interventions.tuner import FrozenNullTuner

_ITS_CACHE = "the shadow's own key/value cache"
_AUXILIARY = 0.05  # PEFT's weight of the shadow's own loss


@dataclass(frozen=True, kw_only=True)
class Shadow(FrozenNullTuner):
    """ShadowPEFT around every block.

    Args:
        rank: Of the injection.
    """

    method: ClassVar[str] = "shadow"
    source: ClassVar[str] = "PEFT 0.21.2 (ShadowPEFT)"
    unmatched: ClassVar[tuple[str, ...]] = (
        "It trains a block of the backbone's width: several times the adapter's parameters.",
        "Its recorded training loss has the shadow's own loss in it, with weight 0.05.",
        "Its null is the backbone without any fine-tuning, since W_up starts at 0.",
    )
    rate_factors: ClassVar[tuple[float, ...]] = (0.2, 1.0, 5.0)

    rank: int = 8

    def __post_init__(self) -> None:
        """Check the rank.

        Raises:
            MethodError: It is no whole number from 1.
        """
        super().__post_init__()
        require_whole(self.method, "rank", self.rank)

    def config(self, bench: Bench) -> PeftConfig:
        """PEFT's defaults; its own loss is a mean a micro-batch, the task's one a step."""
        return ShadowConfig(
            task_type="CAUSAL_LM",
            r=self.rank,
            auxiliary_loss_weight=_AUXILIARY / bench.recipe.gradient_accumulation,
        )

    def attach(self, bench: Bench, prepared: object) -> Adapted:
        """Put it on, and have the backbone decoded by ``generate()``."""
        bench.model.decodes_by_itself = _ITS_CACHE
        return super().attach(bench, prepared)

    @classmethod
    def load(cls, model: Any, folder: Any) -> Adapted:
        """Read PEFT's two files."""
        model.decodes_by_itself = _ITS_CACHE
        loaded = super().load(model, folder)
        assert isinstance(loaded, Adapted)
        return loaded
