"""Item bootstrap of a paired delta.

Owns: percentile intervals of a cell's net items and of the mean delta over cells, by resampling
items with replacement within a cell (Efron, 1979; the paper, Appendix F.3, B = 2,000). Of n items
with b wins and c losses a resample holds as many wins and losses as

    (b*, c*) ~ Multinomial(n; b / n, c / n)

so that these two are drawn and no item is: the same law at a hundredth of the time.
Assumes: items are a sample of the items one could have asked. Does not cover: the variance over
seeds, which is not in these intervals at all (``seeds``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.statistics.errors import at_least, within
from search.statistics.pairs import Pairs

RESAMPLES = 2_000


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
    pairs: Pairs, *, resamples: int = RESAMPLES, seed: int = 0, confidence: float = 0.95
) -> NetInterval:
    """Interval of one cell's b - c; the same seed gives the same interval.

    Raises:
        StatisticsError: Fewer than two resamples or items, or a level not in (0, 1).
    """
    (nets,) = _resampled([pairs], number=resamples, seed=seed)
    low, high = _central(nets, confidence)
    to_pp = 100 / pairs.n_items
    return NetInterval(
        net_items=pairs.net,
        items=(low, high),
        delta_pp=pairs.delta_pp,
        pp=(low * to_pp, high * to_pp),
        pr_positive=float((nets > 0).mean()),
        resamples=resamples,
    )


def bootstrap_mean(
    cells: Iterable[Pairs],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
) -> MeanInterval:
    """Interval of the mean over cells of delta, every cell weighing the same.

    Raises:
        StatisticsError: No cell, or as in ``bootstrap_net``.
    """
    found = list(cells)
    at_least(len(found), 1, name="cells")
    nets = _resampled(found, number=resamples, seed=seed)
    deltas = [100 * net / pairs.n_items for net, pairs in zip(nets, found, strict=True)]
    means = np.mean(deltas, axis=0)
    return MeanInterval(
        mean_delta_pp=sum(pairs.delta_pp for pairs in found) / len(found),
        pp=_central(means, confidence),
        # Sums of fractions: zero up to rounding is not a gain.
        pr_positive=float((means > 1e-9).mean()),
        resamples=resamples,
    )


def _resampled(cells: list[Pairs], *, number: int, seed: int) -> list[NDArray[np.int64]]:
    """Each cell's net items in every resample."""
    at_least(number, 2, name="resamples")
    at_least(min(pairs.n_items for pairs in cells), 2, name="n_items of a bootstrapped cell")
    rng = np.random.default_rng(seed)
    drawn = [rng.multinomial(pairs.n_items, _shares(pairs), size=number) for pairs in cells]
    return [counts[:, 0] - counts[:, 1] for counts in drawn]


def _shares(pairs: Pairs) -> list[float]:
    same = pairs.n_items - pairs.discordant
    return [count / pairs.n_items for count in (pairs.wins, pairs.losses, same)]


def _central(
    values: NDArray[np.float64] | NDArray[np.int64], confidence: float
) -> tuple[float, float]:
    tail = (1 - within(confidence, name="confidence")) / 2
    low, high = np.quantile(values, (tail, 1 - tail))
    return float(low), float(high)
