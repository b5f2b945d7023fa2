"""Rows of running sums that move from one key/value cache to another.

Owns: what a decoder that replaces finished sequences (continuous batching) must do with the state
beside its caches, and whether a prompt's first tokens may be computed once for many prompts.
Does not cover: the keys and values themselves. Who moves them promises that a row's columns stay
its own and in order, and that a column which is left out or added on the left is padding: padding
is in no sum, so neither changes one.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers.cache_utils import Cache

from talan.backbones import find_decoder
from talan.caches import adopt_state
from talan.errors import TalanDecodingError
from talan.insertion_site import Site
from talan.state import RunningState
from talan.sums import Sums


class Rows(NamedTuple):
    """Some rows of a cache, in the order in which they are wanted; a row may be taken twice."""

    cache: Cache
    indices: Tensor


def carry_rows(parts: Sequence[Rows], *, into: Cache, num_columns: int) -> None:
    """Give `into` the state of the rows it was filled with; nothing where no cache has one.

    Args:
        parts: the rows, one after the other.
        into: a cache of `num_columns` columns with their keys and values, without a state.
        num_columns: its length, padding included.

    Raises:
        TalanDecodingError: if the caches were filled by different attachments, or only some
            of them by one; or if one holds proposed tokens.
    """
    found = [getattr(part.cache, "talan_state", None) for part in parts]
    states: list[RunningState] = [state for state in found if state is not None]
    if not states:
        return
    first = states[0]
    if len(states) < len(parts) or any(state.session != first.session for state in states):
        raise TalanDecodingError(
            "Rows of caches that were filled with different TALAN blocks cannot be decoded "
            "together: start each from an empty cache."
        )
    if any(state.proposed is not None for state in states):
        raise TalanDecodingError(
            "Rows with proposed tokens cannot be moved before it is said how many are kept: call "
            "keep_proposed first."
        )
    sums = [_select(state, part.indices) for state, part in zip(states, parts, strict=True)]
    adopt_state(
        into, RunningState(first.session, first.over_sequence, _concatenate(sums), num_columns)
    )


def first_tokens_stand_alone(model: nn.Module) -> bool:
    """Whether what the model computes for a prompt's first tokens is the same for any that follow.

    So it is in a causal model, with a sham and with the scope `prefix`. With the scope `sequence`
    every token of a prompt reads the memory of the whole prompt: its keys and values, from the
    block's layer on, belong to that prompt alone.

    Args:
        model: as for `attach`.
    """
    sites: list[Site] = [
        layer.talan_site
        for layer in find_decoder(model).layers  # type: ignore[union-attr]
        if hasattr(layer, "talan_site")
    ]
    return not any(site.enabled and site.over_sequence for site in sites)


def _select(state: RunningState, indices: Tensor) -> Sums | None:
    if state.sums is None:
        return None
    return Sums(*(tensor.index_select(0, indices) for tensor in state.sums))


def _concatenate(parts: Sequence[Sums | None]) -> Sums | None:
    present = [part for part in parts if part is not None]
    if not present:
        return None
    return Sums(*(torch.cat(tensors) for tensors in zip(*present, strict=True)))
