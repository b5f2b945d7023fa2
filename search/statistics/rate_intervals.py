"""The interval of a G1 rate over several seeds: the configuration is the unit.

Owns: one interval. Runs of one configuration at several seeds are not independent draws of the
space: at the extreme they all say the same. With m runs a configuration and intraclass correlation
r between them the variance of the rate is that of

    n* = n / (1 + (m0 - 1) r)

independent runs (the beta-binomial law), and the interval is Clopper and Pearson's for n* runs with
the same rate (Korn and Graubard, Survey Methodology 24, 1998), n* times (t_{n - 1} / t_{k - 1})^2
for the k configurations that r is estimated from. The analysis of variance gives r (Ridout,
Demetrio and Firth, Biometrics 55, 1999), at least 0; where all runs agree, r cannot be estimated
and is taken as 1: n* is the number of configurations.
With one run a configuration it is Clopper and Pearson's own. Does not cover: the luck of the
baselines, one a seed, which all configurations share; no number of runs shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from search.statistics.clopper_pearson import clopper_pearson
from search.statistics.errors import at_least, within

CLOPPER_PEARSON = "clopper-pearson"
BETA_BINOMIAL = "beta-binomial over configurations"


@dataclass(frozen=True)
class RateInterval:
    """An interval of a rate in [0, 1]; ``method`` names it, ``units`` is what was drawn."""

    low: float
    high: float
    method: str
    units: int


def rate_interval(
    configurations: Sequence[tuple[int, int]], *, confidence: float = 0.95
) -> RateInterval:
    """The interval from ``(g1, runs)`` of each configuration.

    Raises:
        StatisticsError: Not 0 <= g1 <= runs somewhere, or a level outside (0, 1).
    """
    within(confidence, name="confidence")
    for held, runs in configurations:
        at_least(held, 0, name="g1")
        at_least(runs, max(held, 1), name="runs")
    sizes = np.array([runs for _, runs in configurations], dtype=float)
    found = np.array([g1 for g1, _ in configurations], dtype=float)
    total, g1 = float(sizes.sum()), float(found.sum())
    if not len(sizes) or sizes.max() == 1:
        low, high = clopper_pearson(g1, total, confidence=confidence)
        return RateInterval(low, high, CLOPPER_PEARSON, units=int(total))
    effective = _effective_runs(found, sizes, confidence=confidence)
    low, high = clopper_pearson(g1 / total * effective, effective, confidence=confidence)
    return RateInterval(low, high, BETA_BINOMIAL, units=len(sizes))


def intraclass_correlation(configurations: Sequence[tuple[int, int]]) -> float | None:
    """The correlation r of a configuration's runs, in [0, 1]; None where it cannot be estimated."""
    sizes = np.array([runs for _, runs in configurations], dtype=float)
    found = np.array([g1 for g1, _ in configurations], dtype=float)
    total, units = sizes.sum(), len(sizes)
    if units < 2 or total <= units or found.sum() in (0.0, total):
        return None
    rate = found.sum() / total
    shares = found / sizes
    between = float((sizes * (shares - rate) ** 2).sum() / (units - 1))
    inside = float((sizes * shares * (1 - shares)).sum() / (total - units))
    size = _mean_size(sizes)
    return float(np.clip((between - inside) / (between + (size - 1) * inside), 0.0, 1.0))


def _mean_size(sizes: np.ndarray) -> float:
    """m0: the mean number of runs, less for unequal ones."""
    total = sizes.sum()
    return float((total - (sizes**2).sum() / total) / (len(sizes) - 1))


def _effective_runs(found: np.ndarray, sizes: np.ndarray, *, confidence: float) -> float:
    total, units = float(sizes.sum()), len(sizes)
    pairs = list(zip(found.astype(int).tolist(), sizes.astype(int).tolist(), strict=True))
    r = intraclass_correlation(pairs)
    if r is None:
        return float(units)
    effective = total / (1 + (_mean_size(sizes) - 1) * r)
    tail = (1 + confidence) / 2
    return float(effective * (student.ppf(tail, total - 1) / student.ppf(tail, units - 1)) ** 2)
