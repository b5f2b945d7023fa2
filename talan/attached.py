"""Attach a block to a model, and the handle that steers it from then on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim import Optimizer

from talan.backbones import causal_model, check_backbone, find_decoder, placement
from talan.block import TalanBlock
from talan.callback import TalanCallback
from talan.checkpoint import (
    Backbone,
    Checkpoint,
    check_backbone_fits,
    check_weights,
    read_checkpoint,
    write_checkpoint,
)
from talan.config import TalanConfig, Trainability
from talan.counting import num_parameters
from talan.errors import TalanCheckpointError, TalanInsertionError, TalanTrainingError
from talan.insertion import insert, remove
from talan.insertion_site import Site
from talan.seeding import draw_weights, make_generator
from talan.trainability import (
    is_identity_at,
    scale_gradients,
    scale_learning_rates,
    set_requires_grad,
)


class Talan:
    """A block attached to a model.

    Attributes:
        model: the model as it was given.
        config: the block's configuration.
        loaded_from: folder of the checkpoint the weights came from, if any.
    """

    def __init__(
        self, model: nn.Module, config: TalanConfig, block: TalanBlock, *, trainable: bool = True
    ) -> None:
        self.model = model
        self.config = config
        self.loaded_from: Path | None = None
        self._trainability = config.trainability if trainable else Trainability("frozen")
        self._decoder: Any = find_decoder(model)
        self._site = Site(config.layer, config.summary_scope == "sequence")
        self._hooks = insert(self._decoder, block, self._site)
        self.begin_step(0)

    @property
    def block(self) -> TalanBlock:
        """The block on its layer (in a PEFT `modules_to_save`, the copy in use)."""
        module = self._decoder.layers[self.config.layer].talan
        copies = getattr(module, "modules_to_save", None)
        block: TalanBlock = module if copies is None else copies[module.active_adapter]
        return block

    def begin_step(self, step: int) -> None:
        """Apply the schedules for optimizer step `step`, counted from 0.

        The callback does this under Trainer; a loop of your own does it before each step. Also
        re-enables parameters that a later `get_peft_model` froze.
        """
        self._site.warming_up = is_identity_at(self._trainability, step=step)
        set_requires_grad(self.block, self._trainability, step=step)

    def scale_gradients(self) -> None:
        """Apply the gradient scale: after clipping, right before the optimizer's step.

        Raises:
            TalanTrainingError: if the gradients are held elsewhere (DeepSpeed ZeRO does so) and
                the scale would be lost.
        """
        expected = any(p.requires_grad for p in self.block.mixer.parameters())
        if scale_gradients(self.block, self.config) or not expected or self._site.warming_up:
            return
        if self.config.gradient_scale not in (None, 1.0):
            raise TalanTrainingError(
                f"gradient_scale is {self.config.gradient_scale}, but TALAN's parameters hold no "
                "gradients before the optimizer step: train without gradient partitioning."
            )

    def scale_learning_rates(self, optimizer: Optimizer) -> None:
        """Give what the gradient scale would multiply gamma times its learning rate instead.

        Once, before a scheduler is made of the optimizer; gradients are then left as they are
        (`trainer_callback(scales_gradients=False)`). Decoupled weight decay is scaled with it.
        """
        scale_learning_rates(optimizer, self.block, self.config)

    def trainer_callback(self, *, scales_gradients: bool = True) -> TalanCallback:
        """The callback to pass to transformers' Trainer.

        Args:
            scales_gradients: False where gamma acts on learning rates (`scale_learning_rates`).
        """
        return TalanCallback(self, scales_gradients=scales_gradients)

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """Within this context the block is the identity (PEFT's `disable_adapter` leaves it on)."""
        before, self._site.enabled = self._site.enabled, False
        try:
            yield
        finally:
            self._site.enabled = before

    def reset_state(self) -> None:
        """Forget all running sums: caches filled so far are refused from now on."""
        self._site.renew()

    def num_parameters(self) -> int:
        """Number of scalars in the block."""
        return num_parameters(self.block)

    def save(self, folder: str | Path) -> None:
        """Write the block into `folder`, beside what `model.save_pretrained` writes there."""
        backbone = Backbone.of(causal_model(self.model).config)
        write_checkpoint(Path(folder), Checkpoint(self.config, backbone, self.block.state_dict()))

    def load_weights(self, folder: str | Path) -> None:
        """Replace the weights by those of a checkpoint of the same configuration."""
        checkpoint = read_checkpoint(Path(folder))
        same_block = checkpoint.config.block_fields() == self.config.block_fields()
        if checkpoint.config.axes() != self.config.axes() or not same_block:
            raise TalanCheckpointError(f"{folder} holds another configuration than the block's.")
        check_weights(checkpoint.weights, self.block.state_dict())
        self.block.load_state_dict(checkpoint.weights)
        self.loaded_from = Path(folder)
        self.reset_state()

    def detach(self) -> None:
        """Take the block out; the backbone is then what it was before."""
        remove(self._decoder, self._site, self._hooks)


def attach(model: nn.Module, config: TalanConfig, *, seed: int = 0) -> Talan:
    """Insert a freshly drawn block into `model`.

    Attach after `get_peft_model`, which freezes what it does not own. The weights come from a
    generator of their own, seeded from the seed and what decides their shapes (`talan.seeding`).

    Args:
        model: a causal language model of a supported architecture, or a `PeftModel` of one.
        config: the configuration.
        seed: the run's seed.

    Raises:
        TalanInsertionError: if the model is not supported, lacks the layer or has a block.
    """
    block = _make_block(model, config)
    hidden_size = causal_model(model).config.hidden_size
    draw_weights(block, make_generator(config, seed=seed, hidden_size=hidden_size))
    return Talan(model, config, block)


def load(model: nn.Module, folder: str | Path, *, trainable: bool = False) -> Talan:
    """Insert the block of a checkpoint into `model`; nothing is inserted if anything is wrong.

    Args:
        model: as for `attach`; PEFT's adapter is loaded by PEFT.
        folder: where `Talan.save` wrote.
        trainable: train it further under its configuration; else it is frozen.

    Raises:
        TalanCheckpointError: if the files are missing, damaged or made for another backbone.
    """
    checkpoint = read_checkpoint(Path(folder))
    present = Backbone.of(causal_model(model).config)
    check_backbone_fits(checkpoint.backbone, present)
    block = _make_block(model, checkpoint.config)
    check_weights(checkpoint.weights, block.state_dict())
    block.load_state_dict(checkpoint.weights)
    talan = Talan(model, checkpoint.config, block, trainable=trainable)
    talan.loaded_from = Path(folder)
    return talan


def _make_block(model: nn.Module, config: TalanConfig) -> TalanBlock:
    """An uninitialised block of the layer's device and dtype."""
    decoder: Any = find_decoder(model)
    hf_config = causal_model(model).config
    check_backbone(hf_config, config)
    for index, layer in enumerate(decoder.layers):
        if hasattr(layer, "talan"):
            raise TalanInsertionError(f"The model has a TALAN block at layer {index}: detach it.")
    device, dtype = placement(decoder.layers[config.layer])
    if device.type == "meta":  # weights would be loaded into nothing, and the block be random
        raise TalanInsertionError(
            f"Layer {config.layer} is offloaded, and its block would be: use a device_map that "
            "keeps that layer on a device."
        )
    block = TalanBlock(config, hf_config.hidden_size).to(device=device, dtype=dtype)
    return block.train(model.training)
