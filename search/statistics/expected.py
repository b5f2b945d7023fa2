"""G1 runs found, against those that chance alone gives: the sum of each run's own chance.

Owns: each run's chance of G1 and of strict G1 from its cells' discordance, with ties and with the
measured correlation between cells; their sum; and an interval of the number of false G1.

A cell with d discordant items has net = 2 B - d with B ~ Binomial(d, 1/2) under chance, so
P(net >= 0) and P(net > 0) are known exactly (``chance``). A Gaussian copula with one common factor
joins a run's cells: net_c >= 0 exactly where Z_c >= q_c, P(Z_c >= q_c) = P(net_c >= 0), and

    Z_c = sqrt(rho) W + sqrt(1 - rho) e_c,     W, e_c ~ N(0, 1)
    P(G1)     = E_W prod_c Phi((sqrt(rho) W - q_c) / sqrt(1 - rho))
    P(strict) = P(G1) - P(every net is 0)      the same integral over the cells' tie intervals

(Song, Scandinavian Journal of Statistics 27, 2000, on copulas with discrete margins). rho is the
mean correlation between two cells of the runs' counts, within a baseline. Four fair cells without
ties: 6.25% at rho = 0, 11.3% at rho = 0.2.

The number of false G1 is not Poisson-binomial: all runs of a baseline share its luck. The interval
comes from seeded draws of the model in which a share ``shared_variance`` of every delta's variance
(``exchangeability``) is common to the runs of a baseline. At 0 that is the Poisson-binomial law. In
simulated studies of exchangeable runs the 95% intervals hold the number found in 96 to 98%; the
Poisson-binomial's hold it in 26 to 72% (``benchmarks/statistics_size.py``).
Assumes: a discordant item falls to either side with probability 1/2. Does not cover: discordance
that the mechanism itself causes; it raises d, lowers the chance of ties, and the sum errs low.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from search.statistics.errors import StatisticsError, at_least, share, within

Floats = NDArray[np.float64]
DRAWS = 2_000
_NODES = 64  # Gauss-Hermite nodes over the common factor: exact to 1e-6 for rho up to 0.9
_MOST_CORRELATED = 0.99
_RUNS_AT_ONCE = 128


@dataclass(frozen=True)
class BaselineRuns:
    """The runs of one baseline.

    Attributes:
        net: Helped minus hurt items, [runs, cells].
        discordant: Helped plus hurt items, [runs, cells].
        shared_variance: Share of a delta's variance that the runs share, in [0, 1].
    """

    net: NDArray[np.int64]
    discordant: NDArray[np.int64]
    shared_variance: float = 0.5

    def __post_init__(self) -> None:
        net, discordant = np.asarray(self.net), np.asarray(self.discordant)
        if net.ndim != 2 or min(net.shape) < 1 or net.shape != discordant.shape:
            raise StatisticsError(
                f"net and discordant items have the shapes {net.shape} and {discordant.shape}; "
                "allowed: the same runs and cells, at least one of each"
            )
        if not (np.isfinite(net).all() and np.isfinite(discordant).all()):
            raise StatisticsError("a cell has no count; allowed: runs that were evaluated in full")
        if (np.abs(net) > discordant).any() or ((net + discordant) % 2 != 0).any():
            raise StatisticsError("net items do not follow from the discordant ones")
        share(self.shared_variance, name="shared_variance")


@dataclass(frozen=True)
class Expected:
    """How many G1 runs chance gives among these.

    Attributes:
        runs: Runs.
        found: G1 runs among them.
        found_strict: Strict G1 runs among them.
        g1: Expected G1 runs, the sum of the runs' chances.
        strict: Expected strict G1 runs.
        g1_interval: Of the number of G1 runs under chance, over the luck of baselines, too.
        strict_interval: The same of strict G1.
        correlation: Mean correlation between cells that was used.
        shared_variance: Mean share of a delta's variance that runs of a baseline share.
    """

    runs: int
    found: int
    found_strict: int
    g1: float
    strict: float
    g1_interval: tuple[int, int]
    strict_interval: tuple[int, int]
    correlation: float
    shared_variance: float

    @property
    def rate(self) -> float:
        """Expected G1 rate."""
        return self.g1 / self.runs

    @property
    def false_g1(self) -> float:
        """Expected false G1 runs among those found: never more than were found."""
        return min(self.g1, float(self.found))

    @property
    def false_g1_interval(self) -> tuple[int, int]:
        """Its interval."""
        low, high = self.g1_interval
        return min(low, self.found), min(high, self.found)

    @property
    def sentence(self) -> str:
        """Found against expected."""
        low, high = self.g1_interval
        inside = low <= self.found <= high
        return (
            f"{self.found} of {self.runs} runs are G1; chance alone gives {self.g1:.1f} "
            f"(95% of baselines: {low} to {high})."
            + (
                ""
                if inside
                else f" That is {'more' if self.found > high else 'fewer'} than chance."
            )
        )


def expected_g1(
    baselines: Sequence[BaselineRuns],
    *,
    correlation: float | None = None,
    draws: int = DRAWS,
    confidence: float = 0.95,
    seed: int = 0,
) -> Expected:
    """Compare G1 runs found with the sum of each run's own chance.

    Args:
        baselines: The runs of each baseline; baselines are independent of each other.
        correlation: Between a run's cells; measured on the runs unless given.
        draws: Simulated studies behind the intervals.
        confidence: Of the intervals.
        seed: Of the draws.

    Raises:
        StatisticsError: No baseline, different cells, or a level outside (0, 1).
    """
    at_least(len(baselines), 1, name="baselines")
    at_least(draws, 100, name="draws")
    within(confidence, name="confidence")
    if len({np.shape(entry.net)[1] for entry in baselines}) > 1:
        raise StatisticsError("every baseline needs runs on the same cells")
    rho = cell_correlation([e.net for e in baselines]) if correlation is None else correlation
    rho = min(max(float(rho), 0.0), _MOST_CORRELATED)
    net = np.concatenate([np.asarray(entry.net) for entry in baselines])
    chances = run_chances(
        np.concatenate([np.asarray(entry.discordant) for entry in baselines]), correlation=rho
    )
    rng = np.random.default_rng(seed)
    simulated = np.sum(
        [_simulate(entry, rho=rho, draws=draws, rng=rng) for entry in baselines], axis=0
    )
    held = (net >= 0).all(axis=1)
    weights = [len(np.asarray(entry.net)) for entry in baselines]
    return Expected(
        runs=len(net),
        found=int(held.sum()),
        found_strict=int((held & (net > 0).any(axis=1)).sum()),
        g1=float(chances[0].sum()),
        strict=float(chances[1].sum()),
        g1_interval=_central(simulated[0], confidence),
        strict_interval=_central(simulated[1], confidence),
        correlation=rho,
        shared_variance=float(
            np.average([entry.shared_variance for entry in baselines], weights=weights)
        ),
    )


def run_chances(discordant: ArrayLike, *, correlation: float = 0.0) -> tuple[Floats, Floats]:
    """P(G1) and P(strict G1) of each run, [runs], from discordant items, [runs, cells].

    Raises:
        StatisticsError: A negative number, or a correlation outside [0, 1].
    """
    share(correlation, name="correlation")
    reach, exceed = _thresholds(np.asarray(discordant))
    rho = min(correlation, _MOST_CORRELATED)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    common = np.sqrt(rho) * nodes[:, None, None]
    spread = np.sqrt(1 - rho)
    held = ndtr((common - reach) / spread)
    above = ndtr((common - exceed) / spread)
    g1 = weights @ held.prod(axis=2)
    return g1, g1 - weights @ (held - above).prod(axis=2)


def cell_correlation(nets: Sequence[ArrayLike]) -> float:
    """Mean correlation between two cells of the runs' net items, within baselines; 0 if unknown.

    Deviations from a baseline's mean are pooled over baselines. Cells that do not vary are
    left out.

    Raises:
        StatisticsError: There is no run.
    """
    at_least(len(nets), 1, name="baselines")
    centred = np.concatenate([rows - np.mean(rows, axis=0) for rows in map(np.asarray, nets)])
    moments = centred.T @ centred
    spread = np.sqrt(np.diag(moments))
    varying = np.flatnonzero(spread > 0)
    if len(varying) < 2:
        return 0.0
    found = moments[np.ix_(varying, varying)] / np.outer(spread[varying], spread[varying])
    return float(found[np.triu_indices(len(varying), 1)].mean())


def _thresholds(discordant: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """From which normal score on a cell has net >= 0, and net > 0; infinite: always, or never."""
    if not np.isfinite(discordant).all() or (discordant < 0).any():
        raise StatisticsError("discordant items are whole numbers from 0 up")
    reaches = binom.sf((discordant + 1) // 2 - 1, discordant, 0.5)
    exceeds = binom.sf(discordant // 2, discordant, 0.5)
    return -ndtri(reaches), -ndtri(exceeds)


def _simulate(
    runs: BaselineRuns, *, rho: float, draws: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """G1 and strict G1 runs of one baseline in each simulated study, [2, draws]."""
    reach, exceed = _thresholds(np.asarray(runs.discordant))
    num_runs, cells = reach.shape
    shared = np.sqrt(runs.shared_variance) * _scores(rng, (draws, 1, cells), rho=rho)
    own = np.sqrt(1 - runs.shared_variance)
    found = np.zeros((2, draws), dtype=np.int64)
    for start in range(0, num_runs, _RUNS_AT_ONCE):
        below, above = reach[start : start + _RUNS_AT_ONCE], exceed[start : start + _RUNS_AT_ONCE]
        scores = shared + own * _scores(rng, (draws, len(below), cells), rho=rho)
        # Cell by cell: numpy's all() over so short an axis takes longer than drawing the scores.
        held = np.logical_and.reduce([scores[..., c] >= below[:, c] for c in range(cells)])
        strict = np.logical_or.reduce([scores[..., c] >= above[:, c] for c in range(cells)])
        found[0] += held.sum(axis=1)
        found[1] += (held & strict).sum(axis=1)
    return found


def _scores(
    rng: np.random.Generator, shape: tuple[int, int, int], *, rho: float
) -> NDArray[np.float32]:
    """Standard normal scores, [draws, runs, cells], correlated over cells."""
    own = rng.standard_normal(shape, dtype=np.float32)
    if rho == 0:
        return own
    common = rng.standard_normal((*shape[:2], 1), dtype=np.float32)
    return np.float32(np.sqrt(rho)) * common + np.float32(np.sqrt(1 - rho)) * own


def _central(counts: NDArray[np.int64], confidence: float) -> tuple[int, int]:
    """The least and the largest count that leave at most half the rest outside."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(counts, [tail, 1 - tail], method="inverted_cdf")
    return int(low), int(high)
