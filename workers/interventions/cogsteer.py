"""CogSteer's selective layer: the adapter in one block alone.

arXiv 2410.17714 chooses the block where a model's reading correlates with eye tracking and steers
there against toxicity. Both have no counterpart in supervised fine-tuning; what is left, and what
the audit matches, is an intervention in one chosen block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from peft import PeftConfig

from workers.backbones.adapters import lora_config
from workers.interventions.adapted import Adapted
from workers.interventions.bench import Bench
from workers.interventions.settings import layer_number, require_layer
from workers.interventions.tuner import Tuner
from workers.job.jobs import AdapterSpec


@dataclass(frozen=True, kw_only=True)
class CogSteer(Tuner):
    """The host's adapter in one decoder block.

    Args:
        layer: A block number or a depth; several: the one with the least held-out loss.
    """

    method: ClassVar[str] = "cogsteer"
    source: ClassVar[str] = "arXiv 2410.17714"
    null: ClassVar[str] = "a random layer"
    unmatched: ClassVar[tuple[str, ...]] = (
        "The layer is declared or chosen on held-out training loss: the paper's correlation with "
        "eye tracking has no counterpart here.",
        "The paper's toxic contrast has no counterpart in supervised fine-tuning.",
        "One block's adapter has as many times fewer parameters as the backbone has blocks.",
    )
    choices: ClassVar[tuple[str, ...]] = ("layer", "learning_rate")

    layer: int | str | tuple[int | str, ...] = "50%"

    def __post_init__(self) -> None:
        """Check the layers.

        Raises:
            MethodError: One is neither a block number nor a depth.
        """
        super().__post_init__()
        for layer in self._layers:
            require_layer(self.method, "layer", layer)

    @property
    def _layers(self) -> tuple[int | str, ...]:
        return self.layer if isinstance(self.layer, tuple) else (self.layer,)

    def check(self, *, num_layers: int, backbone: str, adapter: AdapterSpec) -> None:
        """Check that the backbone has the layers."""
        del adapter
        for layer in self._layers:
            layer_number(self.method, layer, num_layers=num_layers, backbone=backbone)

    def alternatives(self, recipe: Any) -> list[tuple[Any, CogSteer]]:
        """As every method's; the null chooses nothing."""
        return [(None, self)] if self.is_null else super().alternatives(recipe)

    def config(self, bench: Bench) -> PeftConfig:
        """The host's adapter in that block."""
        return lora_config(bench.adapter, layers=[self.chosen_layer(bench)])

    def attach(self, bench: Bench, prepared: object) -> Adapted:
        """Put the adapter on; the block's number goes on record."""
        attached = super().attach(bench, prepared)
        attached.noted = {"layer": self.chosen_layer(bench)}
        return attached

    def chosen_layer(self, bench: Bench) -> int:
        """The block's number; of the null, one of those that were not declared, drawn by seed."""
        declared = [
            layer_number(self.method, one, num_layers=bench.num_layers, backbone="the backbone")
            for one in self._layers
        ]
        if not self.is_null:
            return declared[0]
        others = [one for one in range(bench.num_layers) if one not in declared]
        others = others or list(range(bench.num_layers))
        draw = torch.randint(len(others), (1,), generator=bench.generator(self.method, "null"))
        return others[int(draw)]
