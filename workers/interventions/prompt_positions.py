"""Which positions of a forward pass are the first and last of a prompt.

Owns: the rule. A prompt is what stands before the first answer token: where labels are given, what
stands before the first label; else the whole of what is read into an empty cache. Tokens after a
cache are answers, however many come at once. Packed sequences are told apart where ``position_ids``
begin again. Does not cover: what is done at the positions.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from talan.caches import given_cache
from workers.errors import MethodError
from workers.training.sft_data import IGNORED_LABEL

_FORM = re.compile(r"f([0-9]+)\+l([0-9]+)")


@dataclass(frozen=True)
class Positions:
    """The first f and the last l positions of a prompt, written ``f7+l7``."""

    first: int
    last: int

    @classmethod
    def read(cls, text: object) -> Positions:
        """Of ``f7+l7``.

        Raises:
            MethodError: It is not written so, or names no position.
        """
        found = _FORM.fullmatch(text) if isinstance(text, str) else None
        if found is None or not (int(found[1]) or int(found[2])):
            raise MethodError(
                f"positions are {text!r}; allowed: the first and last of the prompt, as 'f7+l7'"
            )
        return cls(int(found[1]), int(found[2]))


def chosen_positions(positions: Positions, given: Mapping[str, Any]) -> Tensor | None:
    """Where a forward pass is intervened on, ``[B, S]``; None: nowhere.

    Args:
        positions: Which of the prompt's.
        given: The causal model's keyword arguments.
    """
    ids = given.get("input_ids")
    tokens: Tensor = given["inputs_embeds"][..., 0] if ids is None else ids
    cache = given_cache(given)
    if cache is not None and cache.get_seq_length() > 0:
        return None
    mask, labels = given.get("attention_mask"), given.get("labels")
    real = torch.ones_like(tokens, dtype=torch.bool)
    if isinstance(mask, Tensor) and mask.shape == tokens.shape:
        real = mask.to(tokens.device).bool()
    answered = torch.zeros_like(real) if labels is None else labels.to(real.device) != IGNORED_LABEL
    place = given.get("position_ids")
    starts = None if mask is not None or place is None else place.expand_as(tokens) == 0
    if starts is None or int(starts.sum()) <= tokens.shape[0]:
        return _of_rows(positions, real, answered)
    return _of_packed(positions, real, answered, starts)


def _of_rows(positions: Positions, real: Tensor, answered: Tensor) -> Tensor:
    """One sequence a row ``[B, S]``."""
    prompt = real & (answered.cumsum(dim=1) == 0)
    from_start = prompt.cumsum(dim=1) - 1
    from_end = prompt.sum(dim=1, keepdim=True) - 1 - from_start
    return prompt & ((from_start < positions.first) | (from_end < positions.last))


def _of_packed(positions: Positions, real: Tensor, answered: Tensor, starts: Tensor) -> Tensor:
    """Sequences that lie end to end, each as a row of its own."""
    chosen = torch.zeros_like(real)
    for row in range(real.shape[0]):
        edges = [*starts[row].nonzero().flatten().tolist(), real.shape[1]]
        for begin, end in itertools.pairwise(edges):
            part = (slice(row, row + 1), slice(begin, end))
            chosen[part] = _of_rows(positions, real[part], answered[part])
    return chosen
