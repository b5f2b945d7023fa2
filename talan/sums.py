"""The sums behind the latent memory (Eq. 3), over a sequence or over its prefixes.

Legend: B batch, S sequence, T slots, d hidden width. `counted` is the assignment with padding
tokens set to zero, so they count in neither sum.
"""

from typing import NamedTuple

from torch import Tensor

EPSILON = 1e-6


class Sums(NamedTuple):
    """Numerator sum_i A X [..., T, d] and denominator sum_i A [..., T] of Eq. 3."""

    numerator: Tensor
    denominator: Tensor

    def memory(self) -> Tensor:
        """Z = numerator / (denominator + eps), [..., T, d]."""
        return self.numerator / (self.denominator + EPSILON).unsqueeze(-1)


def sum_all(x: Tensor, counted: Tensor, *, carried: Sums | None) -> Sums:
    """Sums over all tokens, [B, T, d] and [B, T], added to those `carried` from before.

    Args:
        x: tokens [B, S, d].
        counted: assignments [B, S, T].
        carried: sums over earlier tokens of the same sequences.
    """
    numerator = (counted.to(x.dtype).transpose(1, 2) @ x).to(counted.dtype)
    denominator = counted.sum(dim=1)
    if carried is None:
        return Sums(numerator, denominator)
    return Sums(carried.numerator + numerator, carried.denominator + denominator)


def sum_prefixes(x: Tensor, counted: Tensor, *, carried: Sums | None) -> Sums:
    """Sums over tokens <= i for each i, [B, S, T, d] and [B, S, T]; no S x S tensor.

    Args:
        x: tokens [B, S, d].
        counted: assignments [B, S, T].
        carried: sums over earlier tokens of the same sequences.
    """
    numerator = (counted.unsqueeze(-1) * x.unsqueeze(2)).cumsum(dim=1)
    denominator = counted.cumsum(dim=1)
    if carried is None:
        return Sums(numerator, denominator)
    return Sums(
        numerator + carried.numerator.unsqueeze(1),
        denominator + carried.denominator.unsqueeze(1),
    )
