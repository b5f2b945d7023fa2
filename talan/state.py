"""Running sums over the tokens that a key/value cache holds.

A state lives on its cache object, so that a new prompt (a new cache) starts a new state, two
caches can be decoded in turns, and nothing leaks from one `generate()` call into the next.
Does not know how a cache is changed behind the block's back: see `talan.caches`.
"""

from dataclasses import dataclass

from talan.sums import Sums


@dataclass
class RunningState:
    """What the block has summarised so far.

    Attributes:
        session: number of the attachment whose weights made the sums.
        over_sequence: whether each token's memory covers the tokens that came with it.
        sums: numerator [B, T, d] and denominator [B, T]; None before the first token.
        num_tokens: columns seen, padding included; equals the cache's length.
    """

    session: int
    over_sequence: bool = False
    sums: Sums | None = None
    num_tokens: int = 0

    def record(self, sums: Sums, *, num_tokens: int) -> None:
        """Replace the sums after `num_tokens` more tokens."""
        self.sums = sums
        self.num_tokens += num_tokens

    @property
    def batch_size(self) -> int | None:
        """Rows of the sums; None before the first token."""
        return None if self.sums is None else self.sums.denominator.shape[0]
