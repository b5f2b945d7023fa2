"""A backbone that stays in memory between runs, and the proof that no run altered it.

Owns: the snapshot taken at loading (every module's attributes, the configuration, a fingerprint of
the weights), putting it back, and comparing the fingerprint.
Does not cover: loading (``workers.backbones.loading``), taking adapters and TALAN off (their own
modules).

The fingerprint adds up every tensor's bits as whole numbers: any one altered weight changes it. It
is a guard against accidents at memory speed (about 1 ms for a million parameters), no content hash.
"""

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from workers.errors import BackboneError

_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class ResidentBackbone:
    """A loaded model with its tokenizer, and how it looked when it was loaded.

    Args:
        name: As the study names it.
        model: The causal language model, nothing attached.
        tokenizer: Its tokenizer.
    """

    def __init__(self, name: str, *, model: Any, tokenizer: Any) -> None:
        self.name = name
        self.model = model
        self.tokenizer = tokenizer
        model.eval()
        self._modules = list(model.named_modules())
        self._attributes = [_copied(vars(module)) for _, module in self._modules]
        self._parameters = list(model.named_parameters())
        self._requires_grad = [parameter.requires_grad for _, parameter in self._parameters]
        self._buffers = list(model.buffers())
        self._config = copy.deepcopy(model.config.__dict__)
        self._generation_config = copy.deepcopy(model.generation_config)
        self._fingerprint = self.fingerprint()

    def fingerprint(self) -> tuple[int, ...]:
        """Sum of the bits of every parameter and buffer, in model order."""
        with torch.no_grad():
            sums = [_bit_sum(tensor) for tensor in self._tensors()]
            return tuple(torch.stack(sums).tolist())

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the fingerprint at loading: the same weights in memory have the same."""
        return hashlib.sha256(repr(self._fingerprint).encode()).hexdigest()

    @cached_property
    def tokenizer_hash(self) -> str:
        """SHA-256 of the tokenizer's vocabulary; its files are hashed with the backbone's."""
        vocabulary = json.dumps(sorted(self.tokenizer.get_vocab().items()))
        return hashlib.sha256(vocabulary.encode("utf-8", "surrogatepass")).hexdigest()

    def restore(self) -> None:
        """Put every module's attributes, flags, hooks and the configuration back.

        Raises:
            BackboneError: The module tree or a weight is not as loaded; load the backbone again.
        """
        self._check_tree()
        for (_, module), attributes in zip(self._modules, self._attributes, strict=True):
            vars(module).clear()
            vars(module).update(_copied(attributes))
        for (_, parameter), flag in zip(self._parameters, self._requires_grad, strict=True):
            parameter.requires_grad_(flag)
            parameter.grad = None
        self.model.config.__dict__.clear()
        self.model.config.__dict__.update(copy.deepcopy(self._config))
        self.model.generation_config = copy.deepcopy(self._generation_config)
        self.check_weights()

    def check_weights(self) -> None:
        """Check, also with a host attached, that the backbone's own weights are as loaded.

        Raises:
            BackboneError: A run altered them.
        """
        if self.fingerprint() != self._fingerprint:
            raise BackboneError(f"backbone {self.name!r}: a run altered its weights")

    def _check_tree(self) -> None:
        same_tree = _same(self.model.named_modules(), self._modules)
        if not (same_tree and _same(self.model.named_parameters(), self._parameters)):
            raise BackboneError(f"backbone {self.name!r} kept modules of a run after it was reset")

    def _tensors(self) -> Iterator[Tensor]:
        return chain((parameter for _, parameter in self._parameters), self._buffers)


def _bit_sum(tensor: Tensor) -> Tensor:
    bits = tensor.detach().contiguous().view(_BITS[tensor.element_size()])
    return bits.sum(dtype=torch.int64)


def _copied(attributes: Mapping[str, object]) -> dict[str, object]:
    """A module's attributes with its tables (parameters, hooks, sub-modules) copied, not shared."""
    return {
        key: value.copy() if isinstance(value, dict | set) else value
        for key, value in attributes.items()
    }


def _same(current: Iterator[tuple[str, Any]], recorded: list[tuple[str, Any]]) -> bool:
    now = list(current)
    return len(now) == len(recorded) and all(
        name == other_name and value is other
        for (name, value), (other_name, other) in zip(now, recorded, strict=True)
    )
