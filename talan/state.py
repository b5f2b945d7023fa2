"""Running sums over the tokens that a key/value cache holds.

A state lives on its cache object, so that a new prompt (a new cache) starts a new state, two
caches can be decoded in turns, and nothing leaks from one `generate()` call into the next.
Does not know how a cache is changed behind the block's back: see `talan.caches`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from talan.errors import TalanDecodingError
from talan.sums import Sums, sum_all


class Proposed(NamedTuple):
    """Tokens [B, S, d] that may be taken back, and their assignments [B, S, T]."""

    x: Tensor
    counted: Tensor


@dataclass
class RunningState:
    """What the block has summarised so far.

    Attributes:
        session: number of the attachment whose weights made the sums.
        over_sequence: whether each token's memory covers the tokens that came with it.
        sums: numerator [B, T, d] and denominator [B, T]; None before the first token.
        num_tokens: columns seen, padding included; equals the cache's length.
        are_proposed: whether the tokens that come next may be taken back: each then reads the
            sums up to itself, in both scopes, and no sum has them before they are kept.
        proposed: such tokens, of which it is not known yet how many are kept.
    """

    session: int
    over_sequence: bool = False
    sums: Sums | None = None
    num_tokens: int = 0
    are_proposed: bool = False
    proposed: Proposed | None = None

    def record(self, sums: Sums, *, num_tokens: int) -> None:
        """Replace the sums after `num_tokens` more tokens."""
        self.sums = sums
        self.num_tokens += num_tokens

    def hold(self, proposed: Proposed) -> None:
        """Note tokens that may be taken back; the sums are still those before them.

        Raises:
            TalanDecodingError: if others are held already.
        """
        if self.proposed is not None:
            raise TalanDecodingError(
                "Tokens follow proposed ones of which nobody said how many are kept: call "
                "keep_proposed after each pass."
            )
        self.proposed = proposed
        self.num_tokens += proposed.x.shape[1]

    def keep(self, num_kept: Tensor) -> None:
        """Add the first `num_kept` [B] of the proposed tokens of each row to its sums."""
        proposed, self.proposed, self.are_proposed = self.proposed, None, False
        if proposed is None:
            return
        columns = torch.arange(proposed.x.shape[1], device=num_kept.device)
        kept = (columns < num_kept.unsqueeze(1)).to(proposed.counted)
        counted = proposed.counted * kept.unsqueeze(-1)
        self.sums = sum_all(proposed.x, counted, carried=self.sums)

    @property
    def batch_size(self) -> int | None:
        """Rows of the sums; None before the first token."""
        return None if self.sums is None else self.sums.denominator.shape[0]
