"""Micro-batches without padding: the examples laid end to end in one row.

Owns: the row (``position_ids`` restart with every example, there is no padding mask and no cache,
which is how transformers and TALAN recognise packed sequences), and an attention that computes each
example by itself.

transformers' own attention over such a row builds a mask over all pairs of its tokens: for n
examples that is n times the work of n rows. Here no pair of two examples is computed. A CPU is busy
with arithmetic: the row is cut at the examples' boundaries, and each is attended to by itself. A
GPU waits for kernels to be started: the examples are padded for the attention alone and attended
to in one call. It is registered under a name of its own and chosen for the time of the training
only. Does not cover: which examples a micro-batch holds (``workers.training.sft_data``),
generation.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
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
            f"than this backbone's window of {sliding_window}; allowed: 'padded' with it"
        )
    attend = partial(
        scaled_dot_product_attention,
        dropout_p=dropout,
        is_causal=True,
        scale=scaling,
        enable_gqa=query.shape[1] != key.shape[1],
    )
    together = one_call if query.is_cuda else one_by_one
    out = together(attend, (query, key, value), tuple(example_lengths))
    return out.transpose(1, 2).contiguous(), None


Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
Row = tuple[Tensor, Tensor, Tensor]


def one_by_one(attend: Attend, row: Row, lengths: tuple[int, ...]) -> Tensor:
    """A causal attention of each example: ``[1, H, S, D]``."""
    cut = zip(*(torch.split(part, list(lengths), dim=2) for part in row), strict=True)
    return torch.cat([attend(*example) for example in cut], dim=2)


def one_call(attend: Attend, row: Row, lengths: tuple[int, ...]) -> Tensor:
    """The same in one call, for which the examples are padded to the longest of them.

    What pads sees no token before it and is seen by none, since attention is causal: no mask is
    needed, and no gradient comes from it.
    """
    laid_out, taken_back = _places(lengths, row[0].device)
    out = attend(*(_examples(part, laid_out) for part in row))
    return out.transpose(0, 1).flatten(1, 2).index_select(1, taken_back).unsqueeze(0)


def _examples(part: Tensor, places: Tensor) -> Tensor:
    """``[1, H, S, D]`` as ``[examples, H, longest, D]``."""
    num_heads, _, width = part[0].shape
    chosen = part[0].index_select(1, places.flatten())
    return chosen.view(num_heads, *places.shape, width).transpose(0, 1)


@lru_cache(maxsize=2)  # every layer of a forward pass asks for the same
def _places(lengths: tuple[int, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Where in the row each example's tokens are, its last one for what pads; and back again."""
    length = torch.tensor(lengths).unsqueeze(1)
    offset = torch.arange(max(lengths))
    start = length.cumsum(0) - length
    laid_out = start + torch.minimum(offset, length - 1)
    taken_back = torch.nonzero((offset < length).flatten()).squeeze(1)
    return laid_out.to(device), taken_back.to(device)
