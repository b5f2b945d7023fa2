"""What a study can see before it is run.

Owns, each at 80% power and the 5% level:

- the smallest G1 rate that the rotation test (``rotation``) tells from chance with K runs against
  one baseline. Alternative: every run is shifted by the same number of standard deviations above
  its baseline in every cell, cells independent normal. Simulated, with a fixed seed; beyond 200
  runs by its limit, in which a run of value x has the rate prod over c of P(X[c] >= x[c]);
- the smallest delta of one benchmark that McNemar's two-sided test sees. With q the discordance,
  n the items and d the delta as a fraction (Connor, Biometrics 43 (1987)):

      n = (z[0.975] sqrt(q) + z[0.8] sqrt(q - d^2))^2 / d^2

  GPQA at q = 0.186 (147 of 792 in the paper's Table 11): 198 items see 8.5 pp, 2 pp takes 3,648;
- the seeds with which a two-sided t test of the mean delta sees 0.5 and 1 pp, by the noncentral
  law. The noise of a seed's mean delta over C cells is at least that of its discordant items,

      noise^2 = sum over c of q[c] / n[c] / C^2

Assumes: a cell's discordance, published or measured. Does not cover: adaptive designs, which no
test of a rate is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import chi2, nct
from scipy.stats import t as student

from search.statistics.errors import StatisticsError, at_least, within

Floats = NDArray[np.float64]
LEVEL = 0.05
POWER = 0.8
_STUDIES = 1_000
_SIMULATED_RUNS = 200  # beyond it the limit: the rates' own noise no longer matters
_FARTHEST = 6.0  # standard deviations of shift that are tried
_MOST_SEEDS = 100_000


@dataclass(frozen=True)
class Cell:
    """A benchmark: how many items, and which share of them is expected discordant, in (0, 1)."""

    n_items: int
    discordance: float

    def __post_init__(self) -> None:
        at_least(self.n_items, 1, name="n_items")
        within(self.discordance, name="discordance")


@dataclass(frozen=True)
class DetectableRate:
    """The smallest G1 rate that is told from chance in 80% of studies; None where none is.

    Attributes:
        rate: Expected rate, in [0, 1].
        shift_sd: The shift of every cell that gives it, in standard deviations of a run.
        reason: Why there is none; None where there is one.
    """

    rate: float | None
    shift_sd: float | None
    reason: str | None = None


def detectable_delta_pp(cell: Cell) -> float | None:
    """The smallest delta (pp) that McNemar's test sees; None where even 100 pp is not seen.

    A delta cannot exceed the discordance: where it would, all discordant items are on its side.
    """
    if items_needed(100.0, discordance=cell.discordance) > cell.n_items:
        return None
    delta = brentq(
        lambda delta: _items(delta, cell.discordance) - cell.n_items, 1e-6, 1.0, xtol=1e-9
    )
    return 100 * float(delta)


def items_needed(delta_pp: float, *, discordance: float) -> int:
    """Items with which McNemar's test sees a delta.

    Raises:
        StatisticsError: A delta outside (0, 100] or a discordance outside (0, 1).
    """
    within(discordance, name="discordance")
    if not 0 < delta_pp <= 100:
        raise StatisticsError(f"delta is {delta_pp} pp; allowed: above 0 and up to 100")
    return ceil(_items(delta_pp / 100, discordance))


def run_noise_pp(cells: Mapping[str, Cell]) -> float:
    """Standard deviation of a run's mean delta, pp, that discordant items alone give.

    Raises:
        StatisticsError: No cell.
    """
    at_least(len(cells), 1, name="cells")
    variance = sum(cell.discordance / cell.n_items for cell in cells.values())
    return 100 * sqrt(variance) / len(cells)


def seeds_needed(delta_pp: float, *, noise_pp: float) -> int:
    """Seeds with which a two-sided t test sees a mean delta.

    Raises:
        StatisticsError: A delta or noise that is not above 0.
    """
    if not (delta_pp > 0 and noise_pp > 0):
        raise StatisticsError(
            f"delta is {delta_pp} pp with noise {noise_pp} pp; allowed: above 0, both"
        )
    low, high = 1, 2
    while _t_power(high, delta_pp / noise_pp) < POWER:
        low, high = high, 2 * high
        if high > _MOST_SEEDS:
            raise StatisticsError(f"{delta_pp} pp takes more than {_MOST_SEEDS} seeds")
    while high - low > 1:
        middle = (low + high) // 2
        if _t_power(middle, delta_pp / noise_pp) < POWER:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=64)
def detectable_rate(runs: int, *, cells: int, seeds: int = 1) -> DetectableRate:
    """The smallest rate that the rotation test sees.

    Args:
        runs: Treatment runs of one host at one seed, K.
        cells: Benchmarks.
        seeds: How many such tests Fisher's method combines.

    Raises:
        StatisticsError: A number below 1 (runs: below 0).
    """
    at_least(runs, 0, name="runs")
    at_least(cells, 1, name="cells")
    at_least(seeds, 1, name="seeds")
    if _combined(np.full((1, seeds), 1 / (runs + 1)))[0] > LEVEL:
        reason = (
            f"{runs} runs against one baseline at {seeds} seed{'s' * (seeds > 1)} can give no p "
            f"below {_combined(np.full((1, seeds), 1 / (runs + 1)))[0]:.2g}: no rate can be told "
            "from chance"
        )
        return DetectableRate(None, None, reason)
    p_values = _limit(cells) if runs > _SIMULATED_RUNS else _simulated(runs, cells)

    def power(shift: float) -> float:
        return float((_combined(_grouped(p_values(shift), seeds)) <= LEVEL).mean())

    if power(_FARTHEST) < POWER:
        reason = f"{runs} runs do not see even a shift of {_FARTHEST:g} standard deviations"
        return DetectableRate(None, None, reason)
    low, high = 0.0, _FARTHEST
    while high - low > 0.005:
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle) < POWER else (low, middle)
    return DetectableRate(rate=float(ndtr(high / sqrt(2))) ** cells, shift_sd=high)


def _items(delta: float, discordance: float) -> float:
    q = max(discordance, delta)
    level, power = float(ndtri(1 - LEVEL / 2)), float(ndtri(POWER))
    return (level * sqrt(q) + power * sqrt(q - delta * delta)) ** 2 / (delta * delta)


def _t_power(seeds: int, effect: float) -> float:
    bound = float(student.ppf(1 - LEVEL / 2, seeds - 1)) if seeds > 1 else float("inf")
    return float(nct.sf(bound, seeds - 1, effect * sqrt(seeds))) if seeds > 1 else 0.0


def _combined(p_values: Floats) -> Floats:
    """Fisher's combination along the last axis."""
    if p_values.shape[-1] == 1:
        return p_values[..., 0]
    combined: Floats = chi2.sf(-2 * np.log(p_values).sum(axis=-1), 2 * p_values.shape[-1])
    return combined


def _grouped(p_values: Floats, seeds: int) -> Floats:
    """Each simulated study with the next ones as its other seeds."""
    return np.stack([np.roll(p_values, -place) for place in range(seeds)], axis=-1)


def _simulated(runs: int, cells: int) -> Callable[[float], Floats]:
    """The rotation test's p by shift, over the same simulated studies for every shift.

    Only the baseline moves with the shift, so that the runs are compared with each other once.
    """
    rng = np.random.default_rng(0)
    treated = rng.normal(size=(_STUDIES, runs, cells))
    baseline = rng.normal(size=(_STUDIES, 1, cells))
    reached = np.stack([_reached(study) for study in treated])

    def p_values(shift: float) -> Floats:
        moved = baseline - shift
        own = (treated >= moved).all(axis=2).sum(axis=1)
        others = reached + (moved >= treated).all(axis=2)
        found: Floats = (1 + (others >= own[:, None]).sum(axis=1)) / (runs + 1)
        return found

    return p_values


def _reached(runs: Floats) -> NDArray[np.int64]:
    """For each run, how many other runs reach it in every cell."""
    above = np.ones((len(runs), len(runs)), dtype=bool)
    for cell in runs.T:
        above &= cell[None, :] >= cell[:, None]
    num_reaching: NDArray[np.int64] = above.sum(axis=1)
    return num_reaching - 1


def _limit(cells: int) -> Callable[[float], Floats]:
    """The same with endless runs: p = P(product of uniforms >= the baseline's own rate)."""
    rng = np.random.default_rng(0)
    baseline = rng.normal(size=(20 * _STUDIES, cells))

    def p_values(shift: float) -> Floats:
        rate = np.maximum(ndtr(shift - baseline).prod(axis=1), 1e-300)
        found: Floats = chi2.cdf(-2 * np.log(rate), 2 * cells)
        return found

    return p_values
