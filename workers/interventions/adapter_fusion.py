"""AdapterFusion: one adapter a domain, frozen, and attention over their outputs.

    z_a = s B_a A_a x,    w = softmax_a( <W_Q y, W_K z_a> / sqrt(p) ),    y' = y + sum_a w_a W_V z_a

with x and y the input and output of an adapted linear map. Pfeiffer et al., EACL 2021 (arXiv
2005.00247), Eq. 3 to 5. W_V is near the identity and drawn to it:

    loss + lambda |W_V - I|_F^2

Owns: training the domains' adapters, and the fusion. Our choices: the two stand in every map that
the host's adapter has; W_Q and W_K have p rows, and W_K starts at 0, so that fusion begins as the
adapters' mean; W_V is I + D with D full, a product of two thin maps, or a number times I.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers import TrainerCallback

from workers.errors import DataError, MethodError
from workers.interventions.adapted import Adapted
from workers.interventions.attached import Attached
from workers.interventions.bench import Bench
from workers.interventions.blocks import Blocks, read_blocks
from workers.interventions.intervention import Intervention
from workers.interventions.settings import is_number, require, require_whole
from workers.job.jobs import AdapterSpec
from workers.job.recipe import Recipe

VALUES = ("full", "low_rank", "scalar")


class Fusion(nn.Module):
    """Attention over K frozen adapters of one linear map.

    Args:
        down: A, scaled, ``[K, r, in]``.
        up: B ``[K, out, r]``.
        width: p.
        value: The form of W_V.
        generator: Draws W_Q; None: 0, to be filled.
    """

    down: Tensor
    up: Tensor

    def __init__(
        self,
        down: Tensor,
        up: Tensor,
        *,
        width: int,
        value: str,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        out = up.shape[1]
        self.register_buffer("down", down)
        self.register_buffer("up", up)
        self.query = nn.Parameter(torch.zeros(width, out, dtype=up.dtype))
        self.key = nn.Parameter(torch.zeros(width, out, dtype=up.dtype))
        if generator is not None:
            drawn = torch.randn(width, out, generator=generator) / math.sqrt(out)
            self.query.data.copy_(drawn)
        self.deviation = _deviation(value, out=out, width=width, generator=generator).to(up.dtype)

    def forward(self, y: Tensor, x: Tensor | None = None) -> Tensor:
        """Outputs ``[B, S, out]`` of the map for inputs ``[B, S, in]``."""
        assert x is not None
        z = self.outputs(x)
        value = z + self.deviation(z)
        mixed: Tensor = (self.weights(y, z).unsqueeze(-1) * value).sum(dim=-2)
        return y + mixed.to(y.dtype)

    def outputs(self, x: Tensor) -> Tensor:
        """What each adapter adds, ``[B, S, K, out]``."""
        inner = torch.einsum("bsi,kri->bskr", x.to(self.down.dtype), self.down)
        return torch.einsum("bskr,kor->bsko", inner, self.up)

    def weights(self, y: Tensor, z: Tensor) -> Tensor:
        """Softmax over adapters ``[B, S, K]``."""
        query = y.to(self.query.dtype) @ self.query.T
        key = z @ self.key.T
        scores = (key * query.unsqueeze(-2)).sum(dim=-1) / math.sqrt(self.query.shape[0])
        return scores.softmax(dim=-1)


class Deviation(nn.Module):
    """D z, with W_V = I + D; D is a full matrix, U V, or a number."""

    def __init__(self, *factors: Tensor) -> None:
        super().__init__()
        self.factors = nn.ParameterList(factors)

    def forward(self, z: Tensor) -> Tensor:
        """``[..., out]``."""
        for factor in reversed(self.factors):
            z = z * factor if factor.ndim == 0 else z @ factor.T
        return z

    def penalty(self) -> Tensor:
        """|D|_F^2, of a number its square times out, without forming U V."""
        first: Tensor = self.factors[0]
        if first.ndim == 0:
            return first.pow(2)
        if len(self.factors) == 1:
            return first.pow(2).sum()
        second: Tensor = self.factors[1]
        return ((first.T @ first) * (second @ second.T)).sum()


class NearIdentity(TrainerCallback):
    """Adds the gradient of lambda |W_V - I|_F^2 before each optimizer step."""

    def __init__(self, blocks: Mapping[str, nn.Module], *, strength: float) -> None:
        self._blocks = [block for block in blocks.values() if isinstance(block, Fusion)]
        self._strength = strength

    def on_pre_optimizer_step(
        self, args: object, state: object, control: object, **kwargs: object
    ) -> None:
        """After clipping, as weight decay is."""
        del args, state, control, kwargs
        total = torch.stack([block.deviation.penalty() for block in self._blocks]).sum()
        (self._strength * total).backward()  # type: ignore[no-untyped-call]


class Fused(Blocks):
    """Fusion in every adapted map of a backbone."""

    def __init__(
        self, model: nn.Module, blocks: Mapping[str, nn.Module], *, strength: float
    ) -> None:
        super().__init__(model, blocks)
        self._strength = strength

    def callbacks(self, recipe: Recipe) -> list[TrainerCallback]:
        """What draws W_V to the identity."""
        del recipe
        return [NearIdentity(self.blocks, strength=self._strength)] if self._strength else []


@dataclass(frozen=True, kw_only=True)
class AdapterFusion(Intervention):
    """An adapter a domain and their fusion.

    Args:
        value: The form of W_V: ``full``, ``low_rank`` or ``scalar``.
        width: p, and the rank of a low-rank W_V - I.
        regularisation: lambda.
    """

    method: ClassVar[str] = "adapter_fusion"
    source: ClassVar[str] = "EACL 2021, arXiv 2005.00247"
    null: ClassVar[str] = "uniform weights"
    unmatched: ClassVar[tuple[str, ...]] = (
        "The domains' adapters take the recipe's steps together, and the fusion takes them again: "
        "about twice the training.",
        "It holds an adapter for each domain, so several times the adapter's parameters.",
    )

    value: str = "low_rank"
    width: int = 8
    regularisation: float = 0.01

    def __post_init__(self) -> None:
        """Check all settings.

        Raises:
            MethodError: A value is not allowed.
        """
        super().__post_init__()
        require(self.method, "value", self.value, ok=self.value in VALUES, allowed=_LISTED)
        require_whole(self.method, "width", self.width)
        ok = is_number(self.regularisation) and self.regularisation >= 0
        allowed = "a number from 0"
        require(self.method, "regularisation", self.regularisation, ok=ok, allowed=allowed)

    @property
    def trains(self) -> bool:
        """The null keeps the adapters' mean."""
        return not self.is_null

    def check(self, *, num_layers: int, backbone: str, adapter: AdapterSpec) -> None:
        """Refuse DoRA, whose outputs are no sums."""
        del num_layers
        if adapter.type == "dora":
            raise MethodError(
                f"methods: adapter_fusion does not fit host {backbone} {adapter.label}, whose "
                "adapter is not a sum of outputs; allowed: adapters of type lora or rslora"
            )

    def prepare(self, bench: Bench) -> dict[str, tuple[Tensor, Tensor]]:
        """By adapted map, A (scaled) and B of all domains' adapters.

        Raises:
            DataError: The training file names fewer than two domains.
        """
        if len(bench.domains) < 2:
            raise DataError(
                "method adapter_fusion trains an adapter for each domain, and the training file "
                f"names {len(bench.domains)}; allowed: lines with a key domain, of at least 2"
            )
        parts = [self._train_domain(bench, domain) for domain in bench.domains]
        return {
            name: tuple(torch.stack([part[name][side] for part in parts]) for side in (0, 1))  # type: ignore[misc]
            for name in parts[0]
        }

    def attach(self, bench: Bench, prepared: Any) -> Fused:
        """Put fusion in every adapted map."""
        generator = bench.generator(self.method)
        blocks = {
            name: Fusion(down, up, width=self.width, value=self.value, generator=generator).to(
                bench.model.device
            )
            for name, (down, up) in prepared.items()
        }
        return Fused(bench.model, blocks, strength=float(self.regularisation))

    def _train_domain(self, bench: Bench, domain: str) -> dict[str, tuple[Tensor, Tensor]]:
        """One domain's adapter, for steps in proportion to its data."""
        examples = [one for one in bench.unheld if one.domain == domain]
        share = len(examples) / len(bench.unheld)
        steps = max(1, round(share * bench.recipe.max_steps))
        recipe = self.recipe(bench.recipe).replace(max_steps=steps)
        host = Adapted(bench.attach_adapter())
        bench.train(host, examples=examples, recipe=recipe)
        found = adapter_matrices(host.adapted.get_base_model())
        bench.bare(host)
        return found

    @classmethod
    def load(cls, model: Any, folder: Path) -> Attached:
        """Read the adapters and their fusion back."""
        stored = read_blocks(folder)
        names = sorted({name.rpartition("/")[0] for name in stored})
        blocks = {name: _like(stored, name).to(model.device) for name in names}
        attached = Fused(model, blocks, strength=0.0)
        attached.load_state(stored, folder=folder)
        return attached


_LISTED = ", ".join(VALUES)


def adapter_matrices(model: nn.Module) -> dict[str, tuple[Tensor, Tensor]]:
    """By adapted map, copies of A times the adapter's scale, and of B."""
    return {
        name: (
            (layer.lora_A["default"].weight * layer.scaling["default"]).detach().clone(),
            layer.lora_B["default"].weight.detach().clone(),
        )
        for name, layer in model.named_modules()
        if isinstance(layer, LoraLayer)
    }


def _deviation(value: str, *, out: int, width: int, generator: torch.Generator | None) -> Deviation:
    if value == "scalar":
        return Deviation(torch.tensor(0.0))
    if value == "full":
        return Deviation(torch.zeros(out, out))
    thin = torch.zeros(width, out)
    if generator is not None:
        thin = torch.randn(width, out, generator=generator) / math.sqrt(out)
    return Deviation(torch.zeros(out, width), thin)


def _like(stored: Mapping[str, Tensor], name: str) -> Fusion:
    """A fusion of the stored shapes."""
    first = stored[f"{name}/deviation.factors.0"]
    value = "scalar" if first.ndim == 0 else "full"
    if f"{name}/deviation.factors.1" in stored:
        value = "low_rank"
    width = stored[f"{name}/query"].shape[0]
    return Fusion(stored[f"{name}/down"], stored[f"{name}/up"], width=width, value=value)
