"""Blocks of one's own on a backbone: modules that change what parts of it put out.

    y' = block(y, x)        for a part with input x and output y: a decoder block, a linear map

Owns: putting blocks on by name, training them alone, their file, and taking them off. What most
interventions of one's own need. Does not cover: what a block computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from workers.errors import CheckpointError, first_line
from workers.interventions.attached import Attached

FILE = "blocks.safetensors"
_PLACE = "talan_block"  # the attribute of the part that holds its block


class Blocks(Attached):
    """Blocks on a backbone, by the names of the parts whose outputs they change.

    The backbone's own weights are frozen; whoever detaches leaves them so (the backbone's keeper
    puts the flags back).

    Args:
        model: The backbone, or PEFT's wrapper of it.
        blocks: By name of a part within ``parts_of``.
        parts_of: Where the names begin; None: the model itself.
        hooks: Further hooks that come off with the blocks.
    """

    def __init__(
        self,
        model: Any,
        blocks: Mapping[str, nn.Module],
        *,
        parts_of: nn.Module | None = None,
        hooks: tuple[RemovableHandle, ...] = (),
    ) -> None:
        self.model = model
        self.blocks = dict(blocks)
        self._parts_of: nn.Module = model if parts_of is None else parts_of
        for parameter in self._parts_of.parameters():
            parameter.requires_grad_(False)
        self._hooks = [*hooks, *(self._put(name, block) for name, block in blocks.items())]

    def detach(self) -> None:
        """Take all blocks off."""
        for hook in self._hooks:
            hook.remove()
        for name in self.blocks:
            part = self._parts_of.get_submodule(name)
            if hasattr(part, _PLACE):
                delattr(part, _PLACE)

    def num_parameters(self) -> int:
        """Scalars of all blocks, those that are not trained included."""
        return sum(tensor.numel() for tensor in self.state().values())

    def state(self) -> dict[str, Tensor]:
        """All tensors of all blocks, by part and name."""
        return {
            f"{name}/{key}": tensor.detach().contiguous().cpu()
            for name, block in self.blocks.items()
            for key, tensor in block.state_dict().items()
        }

    def save(self, folder: Path, *, backbone: str = "") -> None:
        """Write the blocks' tensors.

        Raises:
            CheckpointError: The disk is full, or the folder cannot be written to.
        """
        del backbone
        try:
            save_file(self.state(), str(folder / FILE))
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"blocks cannot be written: {first_line(error)}") from error

    def load_state(self, stored: Mapping[str, Tensor], *, folder: Path) -> None:
        """Fill the blocks with stored tensors.

        Raises:
            CheckpointError: A tensor is missing, unknown or of another shape; the blocks are off.
        """
        try:
            for name, block in self.blocks.items():
                head = f"{name}/"
                own = {k.removeprefix(head): t for k, t in stored.items() if k.startswith(head)}
                block.load_state_dict(own)
            unknown = sorted(set(stored) - set(self.state()))
            if unknown:
                raise CheckpointError(f"{folder / FILE}: the tensor {unknown[0]!r} is unknown")
        except RuntimeError as error:
            self.detach()
            raise CheckpointError(f"{folder / FILE}: {first_line(error)}") from error
        except CheckpointError:
            self.detach()
            raise

    def _put(self, name: str, block: nn.Module) -> RemovableHandle:
        part = self._parts_of.get_submodule(name)
        setattr(part, _PLACE, block)
        return part.register_forward_hook(_through_block)


def read_blocks(folder: Path) -> dict[str, Tensor]:
    """The stored tensors of a folder.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    try:
        stored: dict[str, Tensor] = load_file(str(folder / FILE))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{folder / FILE} cannot be read: {first_line(error)}") from error
    return stored


def decoder_layers(model: Any) -> str:
    """The name of a causal model's list of decoder blocks, below which they are numbered."""
    layers = model.model.layers
    named: dict[int, str] = {id(module): name for name, module in model.named_modules()}
    return named[id(layers)]


def _through_block(part: object, args: tuple[object, ...], output: Tensor) -> Tensor:
    """The hook calls the part's own block, never a captured one: copies use theirs."""
    changed: Tensor = getattr(part, _PLACE)(output, args[0] if args else None)
    return changed
