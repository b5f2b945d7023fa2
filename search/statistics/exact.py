"""Deltas and their means as fractions of counts.

Owns: the way from counts to a mean without a rounding on it, so that equal means are ties and a
spread of 0 is 0. A delta is 100 (x - b) / n pp with whole x, b and n; its float, and every float
mean of several, is off in the last digit, differently for each order of the same numbers.
Does not cover: a delta from its counts (``storage.verdict.exact_delta``), nor printing; a mean
becomes a float last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from search.statistics.errors import all_finite, at_least

MOST_ITEMS = 100_000  # of one benchmark; two fractions of this size differ by 1e-10 at least
_PARTS = 10**10  # of a pp


def of_delta(delta: float | Fraction) -> Fraction:
    """The fraction of counts that a cell's delta was computed from.

    A float that is 100 k / n to its last digits, n at most ``MOST_ITEMS``, gives exactly that; any
    other number stays as it is.

    Raises:
        StatisticsError: NaN or infinity.
    """
    all_finite([delta], name="delta")
    exact = Fraction(delta)
    share = (exact / 100).limit_denominator(MOST_ITEMS)
    near = abs(share * 100 - exact) <= abs(exact) * Fraction(1, 10**14)
    return share * 100 if near else exact


def of_mean(mean: float | Fraction) -> Fraction:
    """A mean of deltas without the rounding of its last digits.

    Means over cells of different sizes have denominators too large to recover from a float, so
    such a float is taken to 1e-10 pp: two means of counts that are not equal lie further apart.

    Raises:
        StatisticsError: NaN or infinity.
    """
    all_finite([mean], name="delta")
    exact = of_delta(mean)
    return exact if isinstance(mean, Fraction) or exact != Fraction(mean) else _on_grid(exact)


def _on_grid(value: Fraction) -> Fraction:
    return Fraction(round(value * _PARTS), _PARTS)


def exact_mean(values: Iterable[float | Fraction]) -> Fraction:
    """The mean without rounding.

    Raises:
        StatisticsError: No value, NaN or infinity.
    """
    listed: Sequence[float | Fraction] = list(values)
    at_least(len(listed), 1, name="values")
    all_finite(listed, name="value")
    return sum((Fraction(value) for value in listed), Fraction(0)) / len(listed)
