"""Packed batches: several sequences in one row, each summarised by itself.

A packed row is recognised where transformers recognises it: `position_ids` given by the caller
that restart, no padding mask and no cache, or `cu_seq_lens_q`. Anything in between (restarting
positions with a mask or a cache, where the sequences would see each other) is refused.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from talan.errors import TalanInputError


def packed_lengths(
    position_ids: Tensor | None,
    boundaries: Tensor | None,
    *,
    mask: Tensor | None,
    shape: torch.Size,
) -> list[int] | None:
    """Lengths of the packed sequences in reading order, or None if each row is one sequence.

    Args:
        position_ids: [B, S] or [1, S] as given by the caller of the model, else None.
        boundaries: `cu_seq_lens_q`, [0, n_1, n_1 + n_2, ...], else None.
        mask: [B, S] padding mask, else None.
        shape: B and S.
    """
    if boundaries is not None:
        return [int(length) for length in boundaries.diff().tolist()]
    if position_ids is None or shape[1] < 2:
        return None
    jumps = _jumps(position_ids.expand(shape[0], -1), mask)
    if not bool(jumps.any()):
        return None
    if mask is not None:
        raise TalanInputError(
            "position_ids restart within a row with an attention_mask, so packed sequences would "
            "see each other: pass packed batches without attention_mask."
        )
    starts = torch.nn.functional.pad(jumps, (1, 0), value=True).flatten().nonzero().flatten()
    ends = torch.cat([starts[1:], starts.new_tensor([shape[0] * shape[1]])])
    return [int(length) for length in (ends - starts).tolist()]


def _jumps(position_ids: Tensor, mask: Tensor | None) -> Tensor:
    """Where a real token does not follow the real token before it, [B, S - 1]."""
    jumps = position_ids.diff(dim=1) != 1
    if mask is None:
        return jumps
    real = mask.bool()
    return jumps & real[:, 1:] & real[:, :-1]


def over_packed(
    block: Callable[[Tensor, Tensor], Tensor], x: Tensor, *, lengths: list[int]
) -> Tensor:
    """Apply `block` to each packed sequence of `x` [B, S, d] as a row of its own.

    Args:
        block: maps tokens [n, longest, d] and their mask to [n, longest, d].
        x: the packed rows.
        lengths: as from `packed_lengths`.
    """
    tokens = x.flatten(0, 1)
    if sum(lengths) != tokens.shape[0]:
        raise TalanInputError(
            f"cu_seq_lens_q describes {sum(lengths)} tokens, but the batch has {tokens.shape[0]}."
        )
    rows = pad_sequence(list(torch.split(tokens, lengths)), batch_first=True)
    real = torch.arange(rows.shape[1]).unsqueeze(0) < torch.tensor(lengths).unsqueeze(1)
    real = real.to(x.device)
    return block(rows, real)[real].view_as(x)
