"""A G1 rate beside its null rate.

Owns: exact intervals of both, and tests of their difference: Fisher's exact test (always) and
Boschloo's (uniformly more powerful, slow on large tables, left out there); per value
of an axis with Holm's correction over the values tested. The prespecified test, the one that is
corrected, is Fisher's: it can be had at every size.
Assumes: treatment and null runs of one host were scored against the same baseline; given that
baseline, runs are independent. That is why a null rate is measured on the host itself and not
taken from another. Does not cover: hosts pooled (their baselines differ), nor adaptive designs,
whose runs are not a sample of the space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import boschloo_exact, fisher_exact

from search.statistics.clopper_pearson import clopper_pearson
from search.statistics.errors import StatisticsError, at_least, share

ALTERNATIVES = ("two-sided", "greater", "less")
BOSCHLOO_RUNS = 400  # both rates' runs together; 0.3 s there, 15 s at 1,600


@dataclass(frozen=True)
class Rate:
    """G1 runs among completed ones; ``rate`` is None where there is no run."""

    g1: int
    runs: int
    rate: float | None
    interval: tuple[float, float]

    @classmethod
    def of(cls, g1: int, runs: int) -> Rate:
        """A rate with its exact 95% interval.

        Raises:
            StatisticsError: Not 0 <= g1 <= runs.
        """
        at_least(g1, 0, name="g1")
        at_least(runs, g1, name="runs")
        return cls(g1, runs, g1 / runs if runs else None, clopper_pearson(g1, runs))


@dataclass(frozen=True)
class RateComparison:
    """A rate, its null rate, and p-values of their difference.

    ``boschloo_p`` is None where the table is too large for it, and where it was not asked for.
    """

    rate: Rate
    null: Rate
    alternative: str
    fisher_p: float
    boschloo_p: float | None


@dataclass(frozen=True)
class ValueComparison:
    """One value of an axis against the null; ``adjusted_p`` is Fisher's p after Holm."""

    value: Any
    comparison: RateComparison
    adjusted_p: float
    num_tests: int


def compare_rates(
    rate: tuple[int, int],
    *,
    null: tuple[int, int],
    alternative: str = "two-sided",
    boschloo: bool = True,
) -> RateComparison:
    """Test ``(g1, runs)`` against the null's; ``greater`` asks for a rate above the null.

    Args:
        rate: ``(g1, runs)`` of the treatment.
        null: ``(g1, runs)`` of the null runs.
        alternative: ``two-sided``, ``greater`` or ``less``.
        boschloo: Whether to compute Boschloo's p, too, where the table is small enough.

    Raises:
        StatisticsError: Not 0 <= g1 <= runs, or an unknown alternative.
    """
    if alternative not in ALTERNATIVES:
        raise StatisticsError(f"alternative is {alternative!r}; allowed: {', '.join(ALTERNATIVES)}")
    ours, theirs = Rate.of(*rate), Rate.of(*null)
    table = [[ours.g1, theirs.g1], [ours.runs - ours.g1, theirs.runs - theirs.g1]]
    return RateComparison(
        ours,
        theirs,
        alternative,
        fisher_p=float(fisher_exact(table, alternative=alternative).pvalue),
        boschloo_p=_boschloo(table, alternative=alternative) if boschloo else None,
    )


def compare_values(
    rates: Mapping[Any, tuple[int, int]], *, null: tuple[int, int], alternative: str = "two-sided"
) -> tuple[ValueComparison, ...]:
    """Test every value of an axis against the same null rate, by Fisher, corrected over the values.

    Args:
        rates: ``(g1, runs)`` per value.
        null: ``(g1, runs)`` of the null runs.
        alternative: As in ``compare_rates``.

    Raises:
        StatisticsError: As in ``compare_rates``.
    """
    found = {
        value: compare_rates(rate, null=null, alternative=alternative, boschloo=False)
        for value, rate in rates.items()
    }
    adjusted = holm([comparison.fisher_p for comparison in found.values()])
    return tuple(
        ValueComparison(value, comparison, p, num_tests=len(found))
        for (value, comparison), p in zip(found.items(), adjusted, strict=True)
    )


def holm(p_values: list[float]) -> tuple[float, ...]:
    """Holm's step-down adjusted p-values (Holm, 1979), in the order given.

    With p ascending, adjusted[i] = max over j <= i of min(1, (m - j) p[j]), j from 0. Written out
    here, for statsmodels' multipletests collects garbage at every call: 0.1 s and more in a server.
    """
    for p in p_values:
        share(p, name="p")
    order = np.argsort(p_values, kind="stable")
    ascending = np.asarray(p_values, dtype=float)[order]
    stepped = np.maximum.accumulate(ascending * np.arange(len(ascending), 0, -1))
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(stepped, 1.0)
    return tuple(adjusted.tolist())


def _boschloo(table: list[list[int]], *, alternative: str) -> float | None:
    (g1, null_g1), (other, null_other) = table
    if not (g1 + other and null_g1 + null_other):
        return 1.0
    if g1 + other + null_g1 + null_other > BOSCHLOO_RUNS:
        return None
    if not (g1 + null_g1 and other + null_other):
        return 1.0  # all alike: scipy has no statistic there
    return float(boschloo_exact(table, alternative=alternative).pvalue)
