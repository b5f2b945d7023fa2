"""The G1 rate that chance alone gives at a rate of discordance. Analytic: no null run was made.

Owns: the reference for rates whose runs are not at hand, as published ones. Under exchangeability
(treatment and baseline are two draws from the same thing) each of a cell's d = b + c discordant
items falls to either side with probability 1/2, and

    P(delta >= 0) = P(Binomial(d, 1/2) >= d / 2) = 1/2 + P(tie) / 2

with ties counted for G1, as G1 itself does. A run's probability is the product over its cells,
taken as independent. Four cells without ties give 1/16 = 6.25%.
Only a rate q of discordance is known, so that d is Binomial(n, q).
Assumes: cells independent; the mean is over baselines as well as over runs. Runs that share one
baseline share its luck, so that a single host's rate scatters far more widely than a binomial
(docs/concepts/statistics.md): a rate differing from this number is not by itself evidence.
Does not cover: runs at hand, each with its own discordance and correlated cells (``expected``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from scipy.stats import binom

from search.statistics.errors import at_least, share


@dataclass(frozen=True)
class ChanceRate:
    """The expected G1 rate of runs that differ from their baseline by chance only.

    Attributes:
        rate: Expected share of G1 runs.
        cells: P(delta >= 0) per cell.
        kind: Always ``analytic``: what it says was computed, not measured.
    """

    rate: float
    cells: Mapping[str, float]
    kind: str = "analytic"


def chance_from_rates(cells: Mapping[str, tuple[int, float]]) -> ChanceRate:
    """The expectation from ``(n_items, discordance in [0, 1])`` per cell.

    Raises:
        StatisticsError: No cell, no item, or a rate outside [0, 1].
    """
    at_least(len(cells), 1, name="cells")
    found = {name: _mean_chance(n_items, rate) for name, (n_items, rate) in cells.items()}
    return ChanceRate(rate=prod(found.values()), cells=found)


def _mean_chance(n_items: int, rate: float) -> float:
    at_least(n_items, 1, name="n_items")
    share(rate, name="discordance")
    discordant = np.arange(n_items + 1)
    chances: object = binom.sf((discordant + 1) // 2 - 1, discordant, 0.5)
    return float(binom.pmf(discordant, n_items, rate) @ chances)
