"""What each configuration of a host is worth once the luck of its runs is taken out.

Owns: per configuration the shrunken mean of its mean delta, a 95% interval and the probability that
a run at a fresh seed is G1. The largest of many noisy means is too large; its shrunken mean is not.

With two seeds or more, in the model of ``variance`` (y: means over cells; MS: mean squares):

    B     = (I - 3) / (I - 1) * min(1, MS_g / MS_a)            (Morris, 1983, equation 1.16)
    theta = y[..] + (1 - B) * (y[i.] - y[..])
    error = t * sqrt(MS_s / (I S)) + N(0, v),   t with S - 1 degrees of freedom
    v     = (1 - 1/I) * (MS_g / S) * (1 - B) + 2 / (I - 3) * B^2 * (y[i.] - y[..])^2

The first error is the seeds', shared by all configurations: few seeds leave it wide. The second is
Morris's, with what is not known of B in its last term. The interval is the central 95% of their
sum (Behrens and Fisher's law). It is of a fresh seed's expectation.

With one seed the same, with the items' known variances as the only noise: theta is then what other
items would give at this seed, and nothing is said of another seed.

P(G1 at a fresh seed) is that of no cell below zero, under a normal law correlated over cells with
the covariance of theta's error, a new seed and a new seed x configuration. Half an item is added,
since a delta of 0 is no loss. A seed's covariance has few degrees of freedom, so it has one
variance (in units of each cell's own noise), one correlation, and t's tails.

Sources: Morris, *Parametric empirical Bayes inference*, JASA 78 (1983); Efron and Morris,
Biometrika 59 (1972) for several cells. Coverage and calibration are measured in the tests: from two
seeds up intervals cover 94% to 99%, most with two seeds, and where configurations do not differ at
all. A forecast of G1 is off where seeds are most of the variance and few: they are one draw.
Assumes: effects of configurations are about normal. Does not cover: configurations without a
verdict at every seed, nor inert ones (they are the baseline): the caller leaves those out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import chi2, qmc
from scipy.stats import t as student

from search.statistics.variance import Array, DeltaTable, mean_squares

FEWEST = 4  # configurations: with fewer there is no estimate of B
_CONFIDENCE = 0.95
_DRAWS = 1_024  # of the law of a fresh seed, from a Sobol sequence
_NODES = 400  # of t's law, in an interval
_TOO_FEW = "{} configurations; at least {} are needed to say how far they differ from each other"
_ONE_SEED = (
    "one seed: the value and its interval are of this seed with other items; "
    "what a fresh seed gives takes two seeds or more"
)


@dataclass(frozen=True)
class ShrunkenMean:
    """One configuration, in pp.

    Attributes:
        observed: Its mean delta over cells and seeds.
        shrunken: The same without its luck.
        interval: 95%.
        g1_at_fresh_seed: Probability in [0, 1]; None with one seed.
    """

    observed: float
    shrunken: float
    interval: tuple[float, float]
    g1_at_fresh_seed: float | None


@dataclass(frozen=True)
class Shrunken:
    """All configurations, in the table's order; empty with a reason where nothing can be said.

    Attributes:
        means: One a configuration.
        kept: Share of a difference between configurations that is not luck, 1 - B, in [0, 1].
            With one seed the mean over configurations.
        reason: What is not said and why; None where all is said.
    """

    means: tuple[ShrunkenMean, ...]
    kept: float | None
    reason: str | None


def shrunken_means(table: DeltaTable) -> Shrunken:
    """Shrink every configuration's mean towards the host's."""
    if table.configurations < FEWEST:
        return Shrunken((), None, _TOO_FEW.format(table.configurations, FEWEST))
    observed = table.deltas.mean(axis=(1, 2))
    if table.seeds == 1:
        weights, error = _of_one_seed(table, observed)
        halves = float(ndtri(0.5 + _CONFIDENCE / 2)) * np.sqrt(error)
        chances: list[float | None] = [None] * len(observed)
    else:
        weights, shared, own = _of_seeds(table, observed)
        halves = _half_widths(shared, df=table.seeds - 1, own=own)
        chances = [float(chance) for chance in _g1_chances(table)]
    shrunken = observed.mean() + (1 - weights) * (observed - observed.mean())
    return Shrunken(
        means=tuple(
            ShrunkenMean(float(seen), float(mean), (float(mean - half), float(mean + half)), chance)
            for seen, mean, half, chance in zip(observed, shrunken, halves, chances, strict=True)
        ),
        kept=float((1 - weights).mean()),
        reason=_ONE_SEED if table.seeds == 1 else None,
    )


def _of_seeds(table: DeltaTable, observed: Array) -> tuple[Array, float, Array]:
    """B, the seeds' part of the error's variance, and the configurations' [I]."""
    squares = mean_squares(table.deltas.mean(axis=2, keepdims=True))
    assert squares.seed is not None
    assert squares.both is not None
    between, seed, both = (
        float(found[0, 0]) for found in (squares.configuration, squares.seed, squares.both)
    )
    noise = np.full(len(observed), both / table.seeds)
    weight = _morris_weight(both / between if between > 0 else 1.0, len(observed))
    weights = np.full(len(observed), weight)
    return weights, seed / table.deltas[..., 0].size, _morris_variance(noise, weights, observed)


def _of_one_seed(table: DeltaTable, observed: Array) -> tuple[Array, Array]:
    """B and the error's variance, both [I], with the items as the noise.

    The variance between configurations is what their spread has beyond the items' (DerSimonian and
    Laird's moment, unweighted).
    """
    count, cells = len(observed), table.deltas.shape[2]
    noise = table.own.sum(axis=1) / cells**2 * count / (count - 1)
    spread = float(((observed - observed.mean()) ** 2).sum()) / (count - 1)
    between = max(0.0, spread - float(noise.mean()))
    ratios = np.divide(noise, noise + between, out=np.zeros(count), where=noise > 0)
    weights = np.array([_morris_weight(ratio, count) for ratio in ratios])
    mean = float(table.grand_mean.sum()) / cells**2
    return weights, mean + _morris_variance(noise, weights, observed)


def _morris_weight(ratio: float, count: int) -> float:
    return (count - 3) / (count - 1) * min(1.0, ratio)


def _morris_variance(noise: Array, weights: Array, observed: Array) -> Array:
    count = len(observed)
    spread = (observed - observed.mean()) ** 2
    return np.asarray(
        (1 - 1 / count) * noise * (1 - weights) + 2 / (count - 3) * weights**2 * spread
    )


def _half_widths(shared: float, *, df: int, own: Array) -> Array:
    """The h with P(|sqrt(shared) t + sqrt(own) z| <= h) = 0.95, by bisection on t's quantiles."""
    level = 0.5 + _CONFIDENCE / 2
    scale = np.sqrt(np.maximum(own, 1e-12))
    t = sqrt(shared) * student.ppf((np.arange(_NODES) + 0.5) / _NODES, df)[:, None]
    low = np.zeros_like(scale)
    high = sqrt(shared) * float(student.ppf(level, df)) + scale * float(ndtri(level))
    for _ in range(40):
        middle = (low + high) / 2
        below = ndtr((middle - t) / scale).mean(axis=0) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def _g1_chances(table: DeltaTable) -> Array:
    """P(G1 at a fresh seed) of every configuration, by the same draws for all."""
    count, seeds = table.configurations, table.seeds
    squares = mean_squares(table.deltas)
    assert squares.seed is not None
    assert squares.both is not None
    rounding = np.diag(table.steps**2 / 12)
    both = squares.both + rounding
    kept = _kept(squares.configuration, both, table=table)
    means = table.deltas.mean(axis=1)
    centred = means - means.mean(axis=0)
    centres = means.mean(axis=0) + centred @ kept.T + table.steps / 2
    # A fresh seed x configuration, and theta's error less the seeds' part.
    own = both + (1 - 1 / count) * kept @ both / seeds
    seed, df = _seed_covariance(squares.seed, both, table=table)
    draws = _draws(own, seed, df=df)
    return np.array([(draws >= -centre).all(axis=1).mean() for centre in centres])


def _kept(between: Array, both: Array, *, table: DeltaTable) -> Array:
    """1 - B over cells: in the coordinates in which the noise is white, each direction on its own.

    Efron and Morris's estimate, B = (I - C - 2) / (I - 1) * MS_g MS_a^-1, positive part.
    """
    count, _, cells = table.deltas.shape
    if count < cells + 4:  # too few for a matrix: cells by themselves
        between, both = np.diag(np.diag(between)), np.diag(np.diag(both))
        free = count - 3
    else:
        free = count - cells - 2
    root = np.linalg.cholesky(both)
    white = np.linalg.solve(root, np.linalg.solve(root, between).T)
    values, vectors = np.linalg.eigh((white + white.T) / 2)
    shrink = free / (count - 1) * np.minimum(1.0, 1 / np.maximum(values, 1e-9))
    return np.asarray(root @ vectors @ np.diag(1 - shrink) @ vectors.T @ np.linalg.inv(root))


def _seed_covariance(squares: Array, both: Array, *, table: DeltaTable) -> tuple[Array, float]:
    """Of the seeds' mean and a fresh seed together, with its degrees of freedom."""
    count, seeds, cells = table.deltas.shape
    scale = np.sqrt(np.diag(both))
    units = squares / np.outer(scale, scale)
    variance = float(np.trace(units)) / cells
    noise = both / np.outer(scale, scale)
    correlation = 0.0
    if cells > 1:
        off = cells * (cells - 1)
        ours = (units.sum() - np.trace(units)) / off / max(variance, 1e-9)
        theirs = (noise.sum() - cells) / off
        # Few seeds know little of a correlation: the noise's own counts as one seed more.
        correlation = float(((seeds - 1) * ours + theirs) / seeds)
        correlation = min(0.99, max(-0.99 / (cells - 1), correlation))
    shape = np.full((cells, cells), correlation) + (1 - correlation) * np.eye(cells)
    fresh = max(0.0, variance - 1) / count
    covariance = (variance / (count * seeds) + fresh) * shape * np.outer(scale, scale)
    return covariance, float(seeds - 1)


def _draws(own: Array, seed: Array, *, df: float) -> Array:
    """Draws [_DRAWS, C] of N(0, own) + sqrt(df / chi2_df) N(0, seed); the same whenever asked."""
    cells = len(own)
    uniform = qmc.Sobol(2 * cells + 1, seed=0).random(_DRAWS)
    uniform = np.clip(uniform, 1e-9, 1 - 1e-9)
    normal = ndtri(uniform[:, : 2 * cells])
    tails = np.sqrt(df / chi2.ppf(uniform[:, -1], df))[:, None]
    return np.asarray(
        normal[:, :cells] @ _root(own).T + tails * (normal[:, cells:] @ _root(seed).T)
    )


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.clip(values, 0, None)))
