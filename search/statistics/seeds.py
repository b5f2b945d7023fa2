"""A configuration over seeds: is its delta positive, and by how much.

Owns: the columns of the paper's Tables 5, 16 and 17 from deltas per seed (mean, sample standard
deviation, paired t, positive seeds), with Student's interval and Wilcoxon's signed-rank test
beside them; and the same from a printed (n, mean, std). The paper's formula (Appendix J):

    t = mean / (std / sqrt(n)),   n - 1 degrees of freedom

Assumes: one delta a seed, seeds independent. Pooled deltas (several cells or configurations of one
seed) share that seed's baseline and are not independent: they are described by their number, mean
and spread, and have no interval, t or p. Deltas are fractions of counts (``exact``): equal ones are
ties, and deltas that are all equal have no spread and no t. Does not cover: the variance over items
(``bootstrap``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from statistics import stdev

from scipy.stats import t as student
from scipy.stats import wilcoxon

from search.statistics.errors import StatisticsError, at_least, finite, within
from search.statistics.exact import exact_mean, of_delta, of_mean
from storage.verdict import NOT_G1, verdict_word

_ENUMERATED = 10  # deltas whose signs are all tried where ranks tie: 0.2 s


@dataclass(frozen=True)
class SeedSummary:
    """Deltas over seeds, in pp; what one seed or no spread cannot give is None.

    ``positive`` and ``wilcoxon_p`` need the deltas themselves: None from a printed summary.
    """

    n: int
    mean: float
    std: float | None
    interval: tuple[float, float] | None
    t: float | None
    two_sided: float | None
    one_sided: float | None
    positive: int | None = None
    wilcoxon_p: float | None = None


@dataclass(frozen=True)
class SeedTable:
    """One configuration confirmed at several seeds.

    Attributes:
        seeds: Of each seed's mean delta over benchmarks: n is the number of seeds.
        cells: Of each benchmark's deltas over seeds.
        pooled: Of every (seed, benchmark) delta at once, as in the paper's Table 16; these are
            not independent: n, mean, spread and how many are positive, and no interval, t or p.
        g1_seeds: Seeds at which no benchmark loses.
    """

    seeds: SeedSummary
    cells: Mapping[str, SeedSummary]
    pooled: SeedSummary
    g1_seeds: int


def seed_table(
    deltas: Sequence[Mapping[str, float | Fraction]], *, confidence: float = 0.95
) -> SeedTable:
    """Summarise one mapping of benchmark to delta (pp) per seed.

    Raises:
        StatisticsError: No seed, seeds that were not evaluated on the same benchmarks, or a delta
            that is NaN or infinite.
    """
    at_least(len(deltas), 1, name="seeds")
    names = list(deltas[0])
    if not names or any(set(seed) != set(names) for seed in deltas):
        raise StatisticsError("every seed needs deltas on the same benchmarks, at least one")
    exact = [{name: of_delta(seed[name]) for name in names} for seed in deltas]
    by_cell = {name: [seed[name] for seed in exact] for name in names}
    means = [exact_mean(seed.values()) for seed in exact]
    return SeedTable(
        seeds=seed_summary(means, confidence=confidence),
        cells={
            name: seed_summary(values, confidence=confidence) for name, values in by_cell.items()
        },
        pooled=_described([delta for seed in exact for delta in seed.values()]),
        g1_seeds=sum(verdict_word(seed.values(), []) != NOT_G1 for seed in exact),
    )


def seed_summary(deltas: Sequence[float | Fraction], *, confidence: float = 0.95) -> SeedSummary:
    """Summarise one delta per seed.

    Raises:
        StatisticsError: No delta, one that is NaN or infinite, or a level outside (0, 1).
    """
    at_least(len(deltas), 1, name="seeds")
    exact = [of_mean(delta) for delta in deltas]
    found = summary_from_moments(
        len(exact), float(exact_mean(exact)), _spread(exact), confidence=confidence
    )
    return SeedSummary(
        **{
            **vars(found),
            "positive": sum(delta > 0 for delta in exact),
            "wilcoxon_p": _wilcoxon([float(delta) for delta in exact]),
        }
    )


def summary_from_moments(
    n: int, mean: float, std: float | None, *, confidence: float = 0.95
) -> SeedSummary:
    """The same from a printed n, mean and sample standard deviation (pp).

    Raises:
        StatisticsError: n below 1, a negative standard deviation, NaN, infinity or a level outside
            (0, 1).
    """
    at_least(n, 1, name="seeds")
    finite(mean, name="mean")
    within(confidence, name="confidence")
    if std is not None and finite(std, name="std") < 0:
        raise StatisticsError(f"std is {std}; allowed: numbers from 0 up")
    if n == 1 or not std:
        return SeedSummary(n, mean, std, interval=None, t=None, two_sided=None, one_sided=None)
    error = std / sqrt(n)
    low, high = student.interval(confidence, n - 1, loc=mean, scale=error)
    t = mean / error
    return SeedSummary(
        n,
        mean,
        std,
        interval=(float(low), float(high)),
        t=t,
        two_sided=float(2 * student.sf(abs(t), n - 1)),
        one_sided=float(student.sf(t, n - 1)),
    )


def _described(deltas: Sequence[Fraction]) -> SeedSummary:
    """What can be said of deltas that are not independent: no interval, no t, no p."""
    return SeedSummary(
        len(deltas),
        float(exact_mean(deltas)),
        _spread(deltas),
        interval=None,
        t=None,
        two_sided=None,
        one_sided=None,
        positive=sum(delta > 0 for delta in deltas),
    )


def _spread(deltas: Sequence[Fraction]) -> float | None:
    """The sample standard deviation; exactly 0 where all are equal."""
    return float(stdev(deltas)) if len(deltas) > 1 else None


def _wilcoxon(deltas: Sequence[float]) -> float:
    """Two-sided p of the signed ranks, zeros dropped: exact where no two ranks tie.

    With ties scipy enumerates every sign up to 13 deltas, in 1.6 s; beyond 10 the normal form does.
    """
    moved = [delta for delta in deltas if delta != 0]
    if not moved:
        return 1.0
    tied = len({abs(delta) for delta in moved}) < len(moved)
    method = "asymptotic" if tied and len(moved) > _ENUMERATED else "auto"
    return float(wilcoxon(moved, method=method).pvalue)
