"""What a host's deltas vary by: items, baseline or seed, configuration, seed x configuration.

Owns: the table of deltas of I configurations at S seeds over C benchmarks, its mean squares, and
the split of a mean delta's variance. The model, for configuration i, seed j and cell c, in pp:

    delta[i, j, c] = mu[c] + a[i, c] + s[j, c] + g[i, j, c],   items inside each of a, s and g

A baseline is shared by all configurations of its seed, so its luck is in s and not in g. The mean
squares of a balanced two-way layout (Searle, Casella and McCulloch, *Variance Components*, 1992,
chapter 4) have the expectations

    E[MS_a] = S A + G,    E[MS_s] = I Z + G,    E[MS_g] = G

with A, Z and G the variances of a, s and g; solving them gives the estimates, negative ones taken
as 0. On balanced tables these moments are the REML estimates wherever none is negative, which is
why no iterative fit is needed. The part of items in each mean square is known and not estimated:
with x[k, i, j] in {-1, 0, 1} the paired outcome of item k of n,

    items in MS = 1 / (n (n - 1)) * sum over k of MS(x[k] - mean over items of x)

which holds the items' covariance between runs (the same baseline, the same hard items) as it is.
Assumes: items are a sample of those one could ask; every configuration at every seed. Does not
cover: what a configuration is worth (``shrinkage``), hosts together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.statistics.errors import StatisticsError, at_least

Array = NDArray[np.float64]

FEWEST = 2  # configurations: one alone has nothing to vary between
ONE_SEED = (
    "one seed: the luck of its baseline is in every delta alike, and what belongs to a "
    "configuration cannot be told from what belongs to this seed; two seeds or more can tell"
)


@dataclass(frozen=True, eq=False)
class MeanSquares:
    """Mean squares and products over cells, each [C, C] in pp squared.

    ``seed`` and ``both`` are None with one seed, where neither exists.
    """

    configuration: Array
    seed: Array | None
    both: Array | None


@dataclass(frozen=True, eq=False)
class DeltaTable:
    """Deltas of one host.

    Attributes:
        deltas: pp, [I, S, C].
        items: The items' part of each mean square, diagonal: different benchmarks share no item.
        grand_mean: The items' variance of each cell's grand mean, [C] in pp squared.
        own: The items' variance of each configuration's mean over seeds less the grand mean,
            [I, C] in pp squared.
        steps: What one item of a cell is, in pp, [C].
    """

    deltas: Array
    items: MeanSquares
    grand_mean: Array
    own: Array
    steps: Array

    @property
    def configurations(self) -> int:
        """I."""
        return int(self.deltas.shape[0])

    @property
    def seeds(self) -> int:
        """S."""
        return int(self.deltas.shape[1])


@dataclass(frozen=True)
class VarianceSplit:
    """Percent of the variance of a run's mean delta over configurations and seeds.

    Attributes:
        items: That other items of the same kind would change.
        seed: Of the seed and its baseline, shared by all configurations; None with one seed.
        configuration: Of the configuration; None with one seed.
        seed_by_configuration: Of a configuration at a seed: its training's luck. None with one.
        unsplit: Of the configuration and its luck together, where one seed cannot split them.
        total_pp2: What the percentages are of, pp squared.
        correlation: Mean correlation between cells of a run's deltas; None with one cell.
        reason: What cannot be told, and why; None where everything can.
    """

    items: float | None
    seed: float | None
    configuration: float | None
    seed_by_configuration: float | None
    unsplit: float | None
    total_pp2: float
    correlation: float | None
    reason: str | None


def delta_table(paired: Sequence[NDArray[np.int8]]) -> DeltaTable:
    """The table from paired outcomes: for each cell [I, S, n] of -1, 0 and 1.

    Raises:
        StatisticsError: No cell, another value, cells of different runs, one configuration or
            a cell of one item.
    """
    at_least(len(paired), 1, name="cells")
    shapes = {cell.shape[:2] for cell in paired}
    if any(cell.ndim != 3 for cell in paired) or len(shapes) > 1:
        raise StatisticsError("every cell needs outcomes of the same configurations and seeds")
    ((configurations, seeds),) = shapes
    at_least(configurations, FEWEST, name="configurations")
    at_least(seeds, 1, name="seeds")
    at_least(min(cell.shape[2] for cell in paired), 2, name="n_items of a cell")
    if any(not np.isin(cell, (-1, 0, 1)).all() for cell in paired):
        raise StatisticsError("a paired outcome is -1, 0 or 1: the run's less the baseline's")
    found = [_cell(cell) for cell in paired]
    return DeltaTable(
        deltas=np.stack([deltas for deltas, *_ in found], axis=-1),
        items=_on_diagonals([items for _, items, *_ in found]),
        grand_mean=np.array([grand for *_, grand, _ in found]),
        own=np.stack([own for *_, own in found], axis=-1),
        steps=np.array([100 / cell.shape[2] for cell in paired]),
    )


def mean_squares(deltas: Array) -> MeanSquares:
    """Mean squares and products of deltas [I, S, C]."""
    configurations, seeds, _ = deltas.shape
    by_configuration, by_seed, rest = _effects(deltas)
    squares = seeds * _products(by_configuration) / (configurations - 1)
    if seeds == 1:
        return MeanSquares(squares, seed=None, both=None)
    return MeanSquares(
        configuration=squares,
        seed=configurations * _products(by_seed) / (seeds - 1),
        both=_products(rest) / ((configurations - 1) * (seeds - 1)),
    )


def variance_split(table: DeltaTable) -> VarianceSplit:
    """Split the variance of a run's mean delta, in percent."""
    squares, items = mean_squares(table.deltas), table.items
    correlation = cell_correlation(squares, table=table)
    total = _components(squares, table=table)
    # Rounding in the last place is no variance.
    if sum(total) <= 1e-12:
        nothing = "every configuration has the same mean delta at every seed: nothing varies"
        return VarianceSplit(None, None, None, None, None, 0.0, correlation, nothing)
    parts = [
        min(part, whole) for part, whole in zip(_components(items, table=table), total, strict=True)
    ]
    percent = 100 / sum(total)
    rest = [percent * (whole - part) for whole, part in zip(total, parts, strict=True)]
    if table.seeds == 1:
        return VarianceSplit(
            items=percent * sum(parts),
            seed=None,
            configuration=None,
            seed_by_configuration=None,
            unsplit=rest[0],
            total_pp2=sum(total),
            correlation=correlation,
            reason=ONE_SEED,
        )
    return VarianceSplit(
        items=percent * sum(parts),
        seed=rest[1],
        configuration=rest[0],
        seed_by_configuration=rest[2],
        unsplit=None,
        total_pp2=sum(total),
        correlation=correlation,
        reason=None,
    )


def cell_correlation(squares: MeanSquares, *, table: DeltaTable) -> float | None:
    """Mean correlation between two cells of a run's deltas, all sources of variance together."""
    cells = table.deltas.shape[2]
    covariance = squares.configuration
    if squares.seed is not None and squares.both is not None:
        covariance = (
            (squares.configuration - squares.both) / table.seeds
            + (squares.seed - squares.both) / table.configurations
            + squares.both
        )
    spread = np.sqrt(np.clip(np.diag(covariance), 0, None))
    moving = spread > 0
    if moving.sum() < 2:
        return None
    scaled = (covariance / np.outer(np.where(moving, spread, 1), np.where(moving, spread, 1)))[
        np.ix_(moving, moving)
    ]
    cells = int(moving.sum())
    return float(np.clip((scaled.sum() - cells) / (cells * (cells - 1)), -1, 1))


def _components(squares: MeanSquares, *, table: DeltaTable) -> tuple[float, ...]:
    """Of the mean over cells: (configuration,) with one seed, else (configuration, seed, both)."""
    weights = np.full(table.deltas.shape[2], 1 / table.deltas.shape[2])
    configuration = float(weights @ squares.configuration @ weights)
    if squares.seed is None or squares.both is None:
        return (configuration,)
    seed, both = (float(weights @ found @ weights) for found in (squares.seed, squares.both))
    return (
        max(0.0, (configuration - both) / table.seeds),
        max(0.0, (seed - both) / table.configurations),
        both,
    )


def _effects(values: Array) -> tuple[Array, Array, Array]:
    """Deviations of configurations [I, 1, X], of seeds [1, S, X] and of what is left [I, S, X]."""
    grand = values.mean(axis=(0, 1), keepdims=True)
    by_configuration = values.mean(axis=1, keepdims=True) - grand
    by_seed = values.mean(axis=0, keepdims=True) - grand
    return by_configuration, by_seed, values - grand - by_configuration - by_seed


def _products(effects: Array) -> Array:
    return np.asarray(np.einsum("ijc,ijd->cd", effects, effects))


def _cell(paired: NDArray[np.int8]) -> tuple[Array, tuple[float, ...], float, Array]:
    """One cell's deltas [I, S], items' parts of the mean squares, of the grand mean and own [I]."""
    configurations, seeds, n_items = paired.shape
    outcomes = 100.0 * paired
    deltas = outcomes.mean(axis=2)
    scale = 1 / (n_items * (n_items - 1))
    by_configuration, by_seed, rest = _effects(outcomes - deltas[:, :, None])
    own = scale * (by_configuration[:, 0] ** 2).sum(axis=1)
    grand = scale * float(((outcomes - deltas[:, :, None]).mean(axis=(0, 1)) ** 2).sum())
    parts = [seeds * float(own.sum()) / (configurations - 1)]
    if seeds > 1:
        parts.append(scale * configurations * float((by_seed**2).sum()) / (seeds - 1))
        parts.append(scale * float((rest**2).sum()) / ((configurations - 1) * (seeds - 1)))
    return deltas, tuple(parts), grand, own


def _on_diagonals(parts: Sequence[Sequence[float]]) -> MeanSquares:
    matrices = [np.diag(found) for found in zip(*parts, strict=True)]
    if len(matrices) == 1:
        return MeanSquares(matrices[0], seed=None, both=None)
    return MeanSquares(*matrices)
