"""A sham: the disturbance of a TALAN block without its mechanism.

    X~[b,i] = X[b,i] + n v / |v|_2,    v ~ N(0, I_d)

with one direction v for all tokens, drawn from a generator of its own seeded from (seed, number),
and one norm n: what TALAN's perturbation of the same configuration has at initialisation, as a
mean over real tokens of |X~ - X|_2. The sequence has no say in it, and nothing of it is trained.

Owns: measuring n, and the block that stands in TALAN's place (its layer, its hooks, its warm-up).
Does not cover: how TALAN's perturbation grows in training, which a sham does not follow (our
choice); what a run without the mechanism is to be compared with (`search`).
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from talan.attached import attach
from talan.backbones import causal_model, check_backbone, find_decoder, placement
from talan.config import TalanConfig
from talan.errors import TalanCheckpointError, TalanConfigError, TalanInsertionError
from talan.insertion import insert, remove
from talan.insertion_site import Site
from talan.sham_files import read_sham, write_sham
from talan.state import RunningState
from talan.trainability import is_identity_at


class ShamBlock(nn.Module):
    """Adds one fixed vector [d] to every token."""

    vector: Tensor

    def __init__(self, vector: Tensor) -> None:
        super().__init__()
        self.register_buffer("vector", vector)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, state: RunningState | None = None
    ) -> Tensor:
        """Tokens [B, S, d] as they leave; mask and state carry nothing that matters here."""
        del mask
        if state is not None:
            state.num_tokens += x.shape[1]
        return (x.to(self.vector) + self.vector).to(x.dtype)


class ShamCallback(TrainerCallback):
    """Steers a sham's warm-up under transformers' Trainer."""

    def __init__(self, sham: "Sham") -> None:
        self.sham = sham

    def on_step_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: object,
    ) -> None:
        """Follow the step that is about to be taken."""
        del args, control, kwargs
        self.sham.begin_step(state.global_step)


class Sham:
    """A sham attached to a model; in training it is steered as TALAN's handle is.

    Attributes:
        model: the model as it was given.
        config: the configuration it stands in for (layer and warm-up are its).
        block: the block on its layer.
    """

    def __init__(self, model: nn.Module, config: TalanConfig, block: ShamBlock) -> None:
        self.model = model
        self.config = config
        self.block = block
        self._decoder: object = find_decoder(model)
        self._site = Site(config.layer, over_sequence=False)
        self._hooks = insert(self._decoder, block, self._site)
        self.begin_step(0)

    @property
    def norm(self) -> float:
        """The L2 norm of what every token is given."""
        return float(self.block.vector.double().norm())

    def begin_step(self, step: int) -> None:
        """Be the identity in training for as long as TALAN would be."""
        self._site.warming_up = is_identity_at(self.config.trainability, step=step)

    def trainer_callback(self) -> TrainerCallback:
        """The callback to pass to transformers' Trainer."""
        return ShamCallback(self)

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """Within this context the sham adds nothing."""
        before, self._site.enabled = self._site.enabled, False
        try:
            yield
        finally:
            self._site.enabled = before

    def save(self, folder: str | Path) -> None:
        """Write the vector and its place into `folder`."""
        write_sham(Path(folder), vector=self.block.vector, config=self.config)

    def detach(self) -> None:
        """Take the sham out; the backbone is then what it was before."""
        remove(self._decoder, self._site, self._hooks)


def attach_sham(
    model: nn.Module, config: TalanConfig, *, seed: int, number: int, norm: float
) -> Sham:
    """Put a sham where `config` would put TALAN.

    Args:
        model: as for `attach`.
        config: the configuration it stands in for.
        seed: the run's seed.
        number: tells shams of one seed apart.
        norm: from `perturbation_norm`.

    Raises:
        TalanConfigError: if the norm is not above 0: a sham that disturbs nothing ties everywhere.
        TalanInsertionError: if the model is not supported, lacks the layer or has a block.
    """
    if not (norm > 0 and math.isfinite(norm)):
        raise TalanConfigError(f"the sham's norm is {norm}; allowed: finite numbers above 0")
    hidden_size = causal_model(model).config.hidden_size
    vector = norm * random_direction(hidden_size, seed=seed, number=number)
    return _place_sham(model, config, vector)


def load_sham(model: nn.Module, folder: str | Path) -> Sham:
    """Put a saved sham back.

    Raises:
        TalanCheckpointError: if its file is missing, damaged or of another width.
        TalanInsertionError: as for `attach_sham`.
    """
    config, vector = read_sham(Path(folder))
    hidden_size = causal_model(model).config.hidden_size
    if vector.shape != (hidden_size,):
        raise TalanCheckpointError(
            f"The sham in {folder} is a vector of shape {tuple(vector.shape)}, but this backbone "
            f"has the width {hidden_size}."
        )
    return _place_sham(model, config, vector)


def _place_sham(model: nn.Module, config: TalanConfig, vector: Tensor) -> Sham:
    decoder: Any = find_decoder(model)
    check_backbone(causal_model(model).config, config)
    for index, layer in enumerate(decoder.layers):
        if hasattr(layer, "talan"):
            raise TalanInsertionError(f"The model has a TALAN block at layer {index}: detach it.")
    device, dtype = placement(decoder.layers[config.layer])
    return Sham(model, config, ShamBlock(vector.to(device=device, dtype=dtype)))


def random_direction(hidden_size: int, *, seed: int, number: int) -> Tensor:
    """A unit vector [d], uniform on the sphere, the same for the same (seed, number)."""
    digest = hashlib.sha256(f"sham:{seed}:{number}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    vector = torch.randn(hidden_size, generator=generator, dtype=torch.float64)
    unit: Tensor = vector / vector.norm()
    return unit.float()


@torch.no_grad()
def perturbation_norm(
    model: nn.Module, config: TalanConfig, *, seed: int, batch: Mapping[str, Tensor]
) -> float:
    """Mean over real tokens of |X~ - X|_2 of TALAN's block as it would be drawn for (seed, config).

    Measured in evaluation mode, so that no generator moves; the block is gone afterwards.

    Args:
        model: as for `attach`, nothing attached.
        config: the configuration.
        seed: the run's seed.
        batch: input_ids [B, S] and attention_mask [B, S].
    """
    talan = attach(model, config, seed=seed)
    seen: list[tuple[Any, ...]] = []
    hook = talan.block.register_forward_pre_hook(lambda _, args: seen.append(args))
    try:
        with evaluating(model):
            model(**{name: batch[name] for name in ("input_ids", "attention_mask")})
            hook.remove()
            return _mean_change(talan.block, *seen[0][:2])
    finally:
        hook.remove()
        talan.detach()


def _mean_change(block: nn.Module, x: Tensor, mask: Tensor | None) -> float:
    """In the block's own dtype, for half precision would round a small change away."""
    work = x.to(next(block.parameters()))
    changes = (block(work, mask) - work).norm(dim=-1)
    counted = changes if mask is None else changes[mask.to(changes.device).bool()]
    return float(counted.double().mean())


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within this context every module is in eval mode; afterwards each is as it was."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training
