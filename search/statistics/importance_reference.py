"""What an axis's share of importance is to be read against: the shares of shuffled deltas.

Owns three things, for any way to compute shares:

- on a full grid, one delta a point, the exact shares of the analysis of variance (Fisher, 1925):

      share[axis] = sum over its values v of n[v] (mean[v] - mean)^2 / sum over points (y - mean)^2

  what is left belongs to the axes together (interactions) and to noise, which no grid without
  repetitions tells apart;
- the reference: deltas shuffled over the trials leave nothing to explain, and yet each axis gets a
  share, more with more values. Beside each share stands the 95% point of its shuffled shares. Since
  several axes are looked at, an axis is told as important only if its share exceeds its reference
  by more than the largest such excess of 95% of the shuffles (Westfall and Young's maximum, 1993):
  on noise alone that happens to any axis at all in 5% of studies;
- the forest's R2 out of bag (Breiman, 2001): at or below 0 a forest predicts no trial it was not
  fitted to, so that its importances apportion its own noise, and there is nothing to apportion.

Does not cover: fANOVA and PED-ANOVA themselves (``search.follow_ups.importance``).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray

from search.statistics.errors import StatisticsError, all_finite, at_least

FEWEST_SHUFFLES = 19  # the fewest that have a 95% point: their largest
_LEVEL = 0.95
_NUM_TREES = 100  # for R2: each trial is out of bag in a third of them

Shares = Mapping[str, float]


@dataclass(frozen=True)
class Reference:
    """Shares of shuffled deltas.

    Attributes:
        points: The 95% point of each axis's share.
        factor: How many times its own point an axis's share must exceed to be told as important.
        shuffles: How many they are from.
    """

    points: Mapping[str, float]
    factor: float
    shuffles: int

    def is_important(self, axis: str, share: float) -> bool:
        """Whether chance gives any axis such an excess in fewer than 5% of studies."""
        return share > 0 and share > self.factor * self.points[axis]


def grid_shares(points: Sequence[Mapping[str, object]], values: Sequence[float]) -> Shares | None:
    """The exact shares by axis; None where the points are not a full grid, or nothing varies.

    Raises:
        StatisticsError: Not one finite value a point, or no point.
    """
    _same_length(points, values)
    columns = {axis: [repr(point[axis]) for point in points] for axis in points[0]}
    num_values = {axis: len(set(column)) for axis, column in columns.items()}
    distinct = len(set(zip(*columns.values(), strict=True)))
    y = np.asarray(values, dtype=float)
    total = float(((y - y.mean()) ** 2).sum())
    if not prod(num_values.values()) == distinct == len(points) or total == 0:
        return None
    return {axis: _between(np.array(column), y) / total for axis, column in columns.items()}


def shuffled_reference(
    values: Sequence[float],
    shares: Callable[[Sequence[float]], Shares],
    *,
    shuffles: int,
    seed: int,
) -> Reference:
    """The reference of shares computed from deltas that were shuffled over the trials.

    Args:
        values: One a trial.
        shares: Shares by axis of values in the trials' order.
        shuffles: How many; the same seed gives the same ones.
        seed: Of the shuffling.

    Raises:
        StatisticsError: Fewer shuffles than have a 95% point, or a value that is no number.
    """
    at_least(shuffles, FEWEST_SHUFFLES, name="shuffles")
    deltas = np.array(all_finite(values, name="delta"), dtype=float)
    rng = np.random.default_rng(seed)
    drawn = [shares(rng.permutation(deltas).tolist()) for _ in range(shuffles)]
    points = {axis: _point([draw[axis] for draw in drawn]) for axis in drawn[0]}
    excesses = [
        max((draw[axis] / point for axis, point in points.items() if point > 0), default=1.0)
        for draw in drawn
    ]
    return Reference(points, factor=_point(excesses), shuffles=shuffles)


def out_of_bag_r2(
    points: Sequence[Mapping[str, object]], values: Sequence[float], *, seed: int
) -> float:
    """R2 of a random forest on the trials each tree did not see; negative on noise, mostly.

    Numbers are taken as numbers, everything else by its distinct values.

    Raises:
        StatisticsError: Not one finite value a point, no point, or values that are all the same.
    """
    from sklearn.ensemble import RandomForestRegressor  # only here, for it takes a second to import

    _same_length(points, values)
    y = np.asarray(values, dtype=float)
    if np.ptp(y) == 0:
        raise StatisticsError("every trial has the same value; allowed: values that vary")
    columns = [column for axis in points[0] for column in _encoded([p[axis] for p in points])]
    forest = RandomForestRegressor(_NUM_TREES, oob_score=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a trial that every tree saw: counted as 0, among few
        forest.fit(np.column_stack(columns), y)
    return float(forest.oob_score_)


def _same_length(points: Sequence[object], values: Sequence[float]) -> None:
    at_least(len(points), 1, name="points")
    all_finite(values, name="delta")
    if len(points) != len(values):
        raise StatisticsError(f"{len(values)} values for {len(points)} points; allowed: one each")


def _between(column: NDArray[np.generic], y: NDArray[np.float64]) -> float:
    """The sum of squares between the values of one axis."""
    groups = [y[column == value] for value in np.unique(column)]
    return float(sum(len(group) * (group.mean() - y.mean()) ** 2 for group in groups))


def _point(values: Sequence[float]) -> float:
    """The smallest value that 95% of n + 1, with the real one among them, do not exceed."""
    ranked = sorted(values)
    return float(ranked[min(len(ranked), ceil(_LEVEL * (len(ranked) + 1))) - 1])


def _encoded(values: Sequence[object]) -> list[NDArray[np.float64]]:
    if all(isinstance(value, int | float) for value in values):
        return [np.array(values, dtype=float)]
    texts = np.array([repr(value) for value in values])
    return [(texts == text).astype(float) for text in np.unique(texts)]
