"""The G1 rate that chance alone gives, from measured discordance. Analytic: no null run was made.

Owns: the reference for a study without null runs. Under exchangeability (treatment and baseline
are two draws from the same thing) each of a cell's d = b + c discordant items falls to either side
with probability 1/2, and

    P(delta >= 0) = P(Binomial(d, 1/2) >= d / 2) = 1/2 + P(tie) / 2

with ties counted for G1, as G1 itself does. A run's probability is the product over its cells,
taken as independent. Four cells without ties give 1/16 = 6.25%.
Where only a rate q of discordance is known, d is Binomial(n, q).
Assumes: cells independent; the mean is over baselines as well as over runs. Runs that share one
baseline share its luck, so that a single host's rate scatters far more widely than a binomial
(``shared_baseline``): a rate differing from this number is not by itself evidence.
Does not cover: discordance that the mechanism itself causes; it lowers P(tie), so the expectation
from treatment runs errs slightly low.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from statistics import fmean
from typing import Any

import numpy as np
from scipy.stats import binom

from search.statistics.errors import StatisticsError, at_least, share


@dataclass(frozen=True)
class ChanceRate:
    """The expected G1 rate of runs that differ from their baseline by chance only.

    Attributes:
        rate: Expected share of G1 runs.
        cells: P(delta >= 0) per cell, averaged over runs where there are several.
        runs: How many runs' discordance it is from; 0 where it is from a rate.
        kind: Always ``analytic``: what it says was computed, not measured.
    """

    rate: float
    cells: Mapping[str, float]
    runs: int
    kind: str = "analytic"


@lru_cache(maxsize=4096)
def cell_chance(discordant: int) -> float:
    """P(delta >= 0) of a cell with this many discordant items; 1 where there is none.

    Raises:
        StatisticsError: The number is negative.
    """
    at_least(discordant, 0, name="discordant")
    return float(binom.sf((discordant + 1) // 2 - 1, discordant, 0.5))


def chance_rate(discordant: Mapping[str, int]) -> ChanceRate:
    """The expectation for one run's discordant items per cell.

    Raises:
        StatisticsError: No cell, or a negative number.
    """
    return chance_over_runs([discordant])


def chance_over_runs(runs: Sequence[Mapping[str, int]]) -> ChanceRate:
    """The expectation with discordance varying over runs: the mean of the runs' products.

    It is not the product of the cells' means where cells of a run are discordant together.

    Raises:
        StatisticsError: No run, runs on different cells, or a negative number.
    """
    at_least(len(runs), 1, name="runs")
    names = list(runs[0])
    if not names or any(set(run) != set(names) for run in runs):
        raise StatisticsError("every run needs discordant items on the same cells, at least one")
    chances = [{name: cell_chance(run[name]) for name in names} for run in runs]
    return ChanceRate(
        rate=fmean(prod(run.values()) for run in chances),
        cells={name: fmean(run[name] for run in chances) for name in names},
        runs=len(runs),
    )


def chance_from_rates(cells: Mapping[str, tuple[int, float]]) -> ChanceRate:
    """The expectation from ``(n_items, discordance in [0, 1])`` per cell.

    Raises:
        StatisticsError: No cell, no item, or a rate outside [0, 1].
    """
    at_least(len(cells), 1, name="cells")
    found = {name: _mean_chance(n_items, rate) for name, (n_items, rate) in cells.items()}
    return ChanceRate(rate=prod(found.values()), cells=found, runs=0)


def _mean_chance(n_items: int, rate: float) -> float:
    at_least(n_items, 1, name="n_items")
    share(rate, name="discordance")
    discordant = np.arange(n_items + 1)
    chances: Any = binom.sf((discordant + 1) // 2 - 1, discordant, 0.5)
    return float(binom.pmf(discordant, n_items, rate) @ chances)
