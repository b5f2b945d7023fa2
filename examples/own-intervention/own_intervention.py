"""A block of one's own: a trained vector added to the outputs of some decoder blocks, h' = h + b.

Install it with `pip install ./examples/own-intervention`, then a study file may ask for it:
`methods: [{method: output_bias, layers: [25%, 50%]}]`. docs/how-to/own-block.md explains each line.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from workers.interventions import Attached, Bench, Blocks, Intervention, decoder_layers, read_blocks
from workers.interventions.settings import layer_number, require_layer


class Bias(nn.Module):
    """Adds one vector [d] to hidden states [B, S, d]; 0 at the start."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, h: torch.Tensor, x: torch.Tensor | None = None) -> torch.Tensor:
        """The block's output h; its input x is not needed here."""
        return h + self.bias.to(h.dtype)


@dataclass(frozen=True, kw_only=True)
class OutputBias(Intervention):
    """The vectors alone are trained; the null keeps them at 0, which is the bare backbone."""

    method: ClassVar[str] = "output_bias"
    source: ClassVar[str] = "examples/own-intervention"
    null: ClassVar[str] = "frozen at its start"
    unmatched: ClassVar[tuple[str, ...]] = ("It has far fewer parameters than the adapter.",)
    rate_factors: ClassVar[tuple[float, ...]] = (1.0, 5.0)  # two rates are tried

    layers: tuple[int | str, ...] = ("50%",)

    def __post_init__(self) -> None:
        super().__post_init__()
        for layer in self.layers:
            require_layer(self.method, "layers", layer)

    @property
    def trains(self) -> bool:
        return not self.is_null

    def attach(self, bench: Bench, prepared: Any) -> Attached:
        place, width = decoder_layers(bench.model), bench.model.config.hidden_size
        numbers = {
            layer_number(self.method, one, num_layers=bench.num_layers, backbone="the backbone")
            for one in self.layers
        }
        blocks = {f"{place}.{n}": Bias(width).to(bench.model.device) for n in sorted(numbers)}
        return Blocks(bench.model, blocks)

    @classmethod
    def load(cls, model: Any, folder: Path) -> Attached:
        stored = read_blocks(folder)
        blocks = {key.removesuffix("/bias"): Bias(len(value)) for key, value in stored.items()}
        attached = Blocks(model, {name: b.to(model.device) for name, b in blocks.items()})
        attached.load_state(stored, folder=folder)
        return attached
