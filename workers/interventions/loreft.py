"""LoReFT: a low-rank edit of hidden states within a trained subspace, at positions of the prompt.

    h' = h + R^T (W h + b - R h),    R: r x d with orthonormal rows

arXiv 2404.03592, Eq. 2. h is a block's output; R stays orthonormal by torch's own parametrisation.
The first f and the last l positions of the prompt are edited, answer tokens never.

Owns: the edit. Does not cover: which positions these are (``prompt_positions``).
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import orthogonal

from talan.backbones import placement
from workers.backbones.determinism import seed_generators
from workers.errors import CheckpointError, first_line
from workers.interventions.attached import Attached
from workers.interventions.bench import Bench
from workers.interventions.blocks import Blocks, decoder_layers, read_blocks
from workers.interventions.intervention import Intervention
from workers.interventions.prompt_positions import Positions, chosen_positions
from workers.interventions.settings import layer_number, require, require_layer, require_whole
from workers.job.jobs import AdapterSpec

_FILE = "loreft.json"


@dataclass
class Site:
    """Where the forward pass under way is edited; shared by all blocks of a model."""

    chosen: Tensor | None = None


class LoreftBlock(nn.Module):
    """One block's edit.

    Args:
        width: d.
        rank: r.
        site: Where to edit.
    """

    def __init__(self, width: int, rank: int, *, site: Site) -> None:
        super().__init__()
        self.rotation = orthogonal(nn.Linear(width, rank, bias=False))
        self.source = nn.Linear(width, rank)
        self.site = site

    @property
    def subspace(self) -> Tensor:
        """R ``[r, d]``."""
        rows: Any = self.rotation.weight
        weight: Tensor = rows
        return weight

    def forward(self, h: Tensor, x: Tensor | None = None) -> Tensor:
        """Hidden states ``[B, S, d]``, edited where the site says."""
        del x
        chosen = self.site.chosen
        if chosen is None:
            return h
        rotation = self.subspace
        work = h[chosen].to(rotation.dtype)
        edited = work + (self.source(work) - work @ rotation.T) @ rotation
        return h.masked_scatter(chosen.unsqueeze(-1), edited.to(h.dtype))


class Loreft(Blocks):
    """LoReFT on a backbone."""

    def __init__(self, model: Any, *, layers: list[int], rank: int, positions: str) -> None:
        self.site, self._rank, self._positions = Site(), rank, positions
        self._decoder = model.model
        where, width = decoder_layers(model), model.config.get_text_config().hidden_size
        device, dtype = placement(model.model.layers[0])
        blocks = {
            f"{where}.{layer}": LoreftBlock(width, rank, site=self.site).to(device, dtype)
            for layer in layers
        }
        note = partial(_note, self.site, Positions.read(positions), _names(model))
        hook = model.register_forward_pre_hook(note, with_kwargs=True)
        super().__init__(model, blocks, hooks=(hook,))
        self._decoder.reads_whole_prompts = True  # a shared beginning has another end

    def detach(self) -> None:
        """Take it off."""
        super().detach()
        vars(self._decoder).pop("reads_whole_prompts", None)

    def num_parameters(self) -> int:
        """R, W and b of every block."""
        return sum(
            parameter.numel() for block in self.blocks.values() for parameter in block.parameters()
        )

    def save(self, folder: Path, *, backbone: str = "") -> None:
        """Tensors, and what they are used with."""
        super().save(folder, backbone=backbone)
        layers = sorted(int(name.rpartition(".")[2]) for name in self.blocks)
        used = {"layers": layers, "rank": self._rank, "positions": self._positions}
        (folder / _FILE).write_text(json.dumps(used, sort_keys=True) + "\n")


@dataclass(frozen=True, kw_only=True)
class LoreftMethod(Intervention):
    """LoReFT in the adapter's place.

    Args:
        rank: r.
        positions: Of the prompt, such as ``f7+l7``.
        layers: Blocks that are edited, by number or depth; empty: all of them.
    """

    method: ClassVar[str] = "loreft"
    source: ClassVar[str] = "arXiv 2404.03592"
    null: ClassVar[str] = "frozen at its start"
    unmatched: ClassVar[tuple[str, ...]] = (
        "It edits hidden states of the prompt alone, and trains no weight map: parameters differ.",
        "Its null edits by a random R, W and b, as the method begins, on the bare backbone.",
    )
    rate_factors: ClassVar[tuple[float, ...]] = (0.2, 1.0, 5.0)

    rank: int = 8
    positions: str = "f7+l7"
    layers: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        """Check all settings.

        Raises:
            MethodError: A value is not allowed.
        """
        super().__post_init__()
        require_whole(self.method, "rank", self.rank)
        Positions.read(self.positions)
        ok = isinstance(self.layers, tuple)
        require(self.method, "layers", self.layers, ok=ok, allowed="a list of layers")
        for layer in self.layers:
            require_layer(self.method, "layers", layer)

    @property
    def trains(self) -> bool:
        """The null is not trained."""
        return not self.is_null

    def check(self, *, num_layers: int, backbone: str, adapter: AdapterSpec) -> None:
        """Check that the backbone has the layers."""
        del adapter
        self._layers(num_layers, backbone)

    def attach(self, bench: Bench, prepared: object) -> Loreft:
        """Put freshly drawn edits on, seeded from the run's seed."""
        del prepared
        seed_generators(bench.seed)
        layers = self._layers(bench.num_layers, "the backbone")
        return Loreft(bench.model, layers=layers, rank=self.rank, positions=self.positions)

    def _layers(self, num_layers: int, backbone: str) -> list[int]:
        asked = self.layers or tuple(range(num_layers))
        number = partial(layer_number, self.method, num_layers=num_layers, backbone=backbone)
        return sorted({number(layer) for layer in asked})

    @classmethod
    def load(cls, model: nn.Module, folder: Path) -> Attached:
        """Read the edits back."""
        try:
            used = json.loads((folder / _FILE).read_text())
            stored = read_blocks(folder)
            attached = Loreft(model, **used)
        except (OSError, ValueError, TypeError) as error:
            raise CheckpointError(f"{folder / _FILE}: {first_line(error)}") from error
        attached.load_state(stored, folder=folder)
        return attached


def _names(model: Any) -> tuple[str, ...]:
    return tuple(inspect.signature(model.forward).parameters)


def _note(
    site: Site,
    positions: Positions,
    names: tuple[str, ...],
    _: object,
    args: tuple[object, ...],
    kwargs: dict[str, Any],
) -> None:
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    with torch.no_grad():
        site.chosen = chosen_positions(positions, given)
