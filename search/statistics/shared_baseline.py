"""How far one host's G1 rate scatters by chance, because its runs share one baseline.

Owns: the law of a host's chance G1 rate. If runs and baseline are independent draws of the same
distribution, then in one cell, given the baseline's score s, P(run >= s | s) is uniform on [0, 1]
(the probability integral transform; ties ignored). With k independent cells the host's rate is

    R = U_1 U_2 ... U_k,    -log R ~ Gamma(k, 1)

with mean 2^-k: 6.25% for four cells, yet median 2.5% and 95% of hosts between 0.02% and 34%.
More runs do not narrow this; more baselines (seeds) do: the mean over m independent baselines has
m times less variance. Analytic; ties are ignored, and would raise R.
Does not cover: a particular host, whose baseline is known to have been lucky or not only by null
runs against it (``null_kinds``).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np
from scipy.stats import gamma

from search.statistics.errors import at_least, share, within


@dataclass(frozen=True)
class RateSpread:
    """A host's chance G1 rate over the luck of its baseline; analytic, ties ignored."""

    cells: int
    mean: float
    median: float
    interval: tuple[float, float]


def rate_spread(cells: int, *, confidence: float = 0.95) -> RateSpread:
    """Mean, median and central interval of R for k cells.

    Raises:
        StatisticsError: No cell, or a level outside (0, 1).
    """
    at_least(cells, 1, name="cells")
    within(confidence, name="confidence")
    low, high = gamma.interval(confidence, cells)
    return RateSpread(
        cells,
        mean=2.0**-cells,
        median=exp(-float(gamma.median(cells))),
        interval=(exp(-float(high)), exp(-float(low))),
    )


def share_as_high(rate: float, *, cells: int) -> float:
    """P(R >= rate): how often chance gives a host a rate this high, with endless runs.

    Raises:
        StatisticsError: A rate outside [0, 1], or no cell.
    """
    at_least(cells, 1, name="cells")
    share(rate, name="rate")
    return float(gamma.cdf(-np.log(rate), cells)) if rate > 0 else 1.0
