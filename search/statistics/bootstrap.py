"""Item bootstrap of a paired delta.

Owns: percentile intervals of a cell's net items and of the mean delta over cells, by resampling
items with replacement within a cell (Efron, 1979; the paper, Appendix F.3, B = 2,000). A cell is
resampled as its b values +1, c values -1 and zeros: the items' order has no say in it.
Assumes: items are a sample of the items one could have asked. Does not cover: the variance over
seeds, which is not in these intervals at all (``seeds``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import bootstrap

from search.statistics.errors import StatisticsError, at_least, within
from search.statistics.pairs import Pairs

RESAMPLES = 2_000
METHODS = ("percentile", "basic")
_BATCH = 200  # resamples held in memory at once


@dataclass(frozen=True)
class NetInterval:
    """A cell's net advantage, in items and in pp, and how often a resample has it positive."""

    net_items: int
    items: tuple[float, float]
    delta_pp: float
    pp: tuple[float, float]
    pr_positive: float
    resamples: int


@dataclass(frozen=True)
class MeanInterval:
    """The mean delta over cells, each resampled within itself."""

    mean_delta_pp: float
    pp: tuple[float, float]
    pr_positive: float
    resamples: int


def bootstrap_net(
    pairs: Pairs,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    method: str = "percentile",
) -> NetInterval:
    """Interval of one cell's b - c; the same seed gives the same interval.

    Raises:
        StatisticsError: Fewer than two resamples or items, a level not in (0, 1), another method.
    """
    low, high, draws = _resample(
        [_signs(pairs)], _net, seed=seed, n=resamples, confidence=confidence, method=method
    )
    to_pp = 100 / pairs.n_items
    return NetInterval(
        net_items=pairs.net,
        items=(low, high),
        delta_pp=pairs.delta_pp,
        pp=(low * to_pp, high * to_pp),
        pr_positive=float((draws > 0).mean()),
        resamples=resamples,
    )


def bootstrap_mean(
    cells: Iterable[Pairs],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
    method: str = "percentile",
) -> MeanInterval:
    """Interval of the mean over cells of delta, every cell weighing the same.

    Raises:
        StatisticsError: No cell, or as in ``bootstrap_net``.
    """
    signs = [_signs(pairs) for pairs in cells]
    at_least(len(signs), 1, name="cells")
    low, high, draws = _resample(
        signs, _mean_delta, seed=seed, n=resamples, confidence=confidence, method=method
    )
    return MeanInterval(
        mean_delta_pp=float(_mean_delta(*signs)),
        pp=(low, high),
        # Sums of fractions: zero up to rounding is not a gain.
        pr_positive=float((draws > 1e-9).mean()),
        resamples=resamples,
    )


def _resample(
    signs: list[Any], statistic: Any, *, seed: int, n: int, confidence: float, method: str
) -> tuple[float, float, Any]:
    at_least(n, 2, name="resamples")
    at_least(min(map(len, signs)), 2, name="n_items of a bootstrapped cell")
    within(confidence, name="confidence")
    if method not in METHODS:
        raise StatisticsError(f"method is {method!r}; allowed: {', '.join(METHODS)}")
    found = bootstrap(
        signs,
        statistic,
        n_resamples=n,
        batch=_BATCH,
        vectorized=True,
        confidence_level=confidence,
        method=method,
        rng=np.random.default_rng(seed),
    )
    interval = found.confidence_interval
    return float(interval.low), float(interval.high), found.bootstrap_distribution


def _signs(pairs: Pairs) -> Any:
    """+1 for each win, -1 for each loss, 0 for the others."""
    counts = [pairs.wins, pairs.losses, pairs.n_items - pairs.discordant]
    return np.repeat(np.array([1.0, -1.0, 0.0]), counts)


def _net(signs: Any, axis: int = -1) -> Any:
    return signs.sum(axis=axis)


def _mean_delta(*signs: Any, axis: int = -1) -> Any:
    return 100 * sum(cell.mean(axis=axis) for cell in signs) / len(signs)
