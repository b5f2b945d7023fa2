"""The statistics' error: input that no test is defined for.

Owns: one class, a branch of the search's tree, so that the command line and REST show it as one
sentence. It is a ``ValueError`` too, as scipy's own refusals are.
"""

from __future__ import annotations

from search.errors import SearchError


class StatisticsError(SearchError, ValueError):
    """A count, level or number of resamples that no test is defined for."""


def at_least(value: int, minimum: int, *, name: str) -> int:
    """The value, unless it is below the minimum.

    Raises:
        StatisticsError: It is.
    """
    if value < minimum:
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
