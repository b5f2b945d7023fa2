"""The statistics' error: input that no test is defined for.

Owns: one class, a branch of the search's tree, so that the command line and REST show it as one
sentence (it is a ``ValueError`` too, as scipy's own refusals are), and the checks of numbers that
every file here begins with. NaN and infinity pass every comparison or none, so each check asks for
a finite number first.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

from search.errors import SearchError


class StatisticsError(SearchError, ValueError):
    """A count, level or number of resamples that no test is defined for."""


def at_least(value: int, minimum: int, *, name: str) -> int:
    """The value, unless it is below the minimum or is not a whole number.

    Raises:
        StatisticsError: It is.
    """
    if not isfinite(value) or value < minimum or value != int(value):
        raise StatisticsError(f"{name} is {value}; allowed: whole numbers from {minimum} up")
    return value


def within(value: float, *, name: str) -> float:
    """The value, unless it lies outside the open interval (0, 1).

    Raises:
        StatisticsError: It does.
    """
    if not 0 < value < 1:
        raise StatisticsError(f"{name} is {value}; allowed: numbers between 0 and 1")
    return value


def share(value: float, *, name: str) -> float:
    """The value, unless it lies outside the closed interval [0, 1].

    Raises:
        StatisticsError: It does.
    """
    if not 0 <= value <= 1:
        raise StatisticsError(f"{name} is {value}; allowed: numbers from 0 to 1")
    return value


def finite(value: float | Fraction, *, name: str) -> float | Fraction:
    """The value, unless it is NaN or infinite.

    Raises:
        StatisticsError: It is.
    """
    if not isfinite(value):
        raise StatisticsError(f"{name} is {value}; allowed: finite numbers")
    return value


def all_finite(values: Sequence[float | Fraction], *, name: str) -> Sequence[float | Fraction]:
    """The values, unless one is NaN or infinite.

    Raises:
        StatisticsError: One is.
    """
    for value in values:
        finite(value, name=name)
    return values
