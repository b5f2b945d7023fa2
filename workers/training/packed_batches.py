"""Micro-batches without padding: the examples laid end to end in one row.

Owns: the row (``position_ids`` restart with every example, there is no padding mask and no cache,
which is how transformers and TALAN recognise packed sequences), and an attention that computes each
example by itself.

transformers' own attention over such a row builds a mask over all pairs of its tokens: for n
examples that is n times the work of n rows. Here the row is cut at the examples' boundaries
instead, so neither padding nor pairs of different examples are computed. It is registered under a
name of its own and chosen for the time of the training only. Does not cover: which examples a
micro-batch holds (``workers.training.sft_data``), generation.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from workers.errors import RecipeError
from workers.training.sft_data import IGNORED_LABEL, SftExample

ATTENTION = "sdpa_by_example"


def lay_end_to_end(batch: Sequence[SftExample]) -> dict[str, object]:
    """One row ``[1, S]`` of all examples: ids, labels and positions, and the examples' lengths.

    No example's first token is a label: in the row it would be predicted from another example.
    """
    ids = [token for example in batch for token in example.input_ids]
    labels = [label for example in batch for label in (IGNORED_LABEL, *example.labels[1:])]
    lengths = [len(example.input_ids) for example in batch]
    positions = [position for length in lengths for position in range(length)]
    return {
        "input_ids": torch.tensor([ids]),
        "labels": torch.tensor([labels]),
        "position_ids": torch.tensor([positions]),
        "example_lengths": lengths,
        "use_cache": False,
    }


@contextmanager
def attention_by_example(model: Any) -> Iterator[None]:
    """Within this context ``model`` can be given packed rows, and nothing else."""
    AttentionInterface.register(ATTENTION, _attend)
    config, before = model.config, model.config._attn_implementation
    config._attn_implementation = ATTENTION
    try:
        yield
    finally:
        config._attn_implementation = before


def _attend(
    module: nn.Module,  # noqa: ARG001
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001
    *,
    example_lengths: Sequence[int],
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Causal attention within each example.

    Args:
        module: The attention layer.
        query: ``[1, H, S, D]``.
        key: ``[1, H_kv, S, D]``.
        value: ``[1, H_kv, S, D]``.
        attention_mask: None.
        example_lengths: They add up to S.
        dropout: Of the attention's weights.
        scaling: Of the products.
        sliding_window: None, or no shorter than the longest example.

    Returns:
        ``[1, S, H, D]``.

    Raises:
        RecipeError: A window is shorter than an example.
    """
    if sliding_window is not None and sliding_window < max(example_lengths):
        raise RecipeError(
            f"training.batching is 'packed' and an example has {max(example_lengths)} tokens, more "
            f"than this backbone's window of {sliding_window}; allowed is 'padded' with it"
        )
    ends = list(accumulate(example_lengths))
    parts = [
        scaled_dot_product_attention(
            query[:, :, end - length : end],
            key[:, :, end - length : end],
            value[:, :, end - length : end],
            dropout_p=dropout,
            is_causal=True,
            scale=scaling,
            enable_gqa=query.shape[1] != key.shape[1],
        )
        for length, end in zip(example_lengths, ends, strict=True)
    ]
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None
