"""The rotation test of a G1 rate: is this baseline an unlucky one among the runs it is judged with?

Owns: the test of one host's rate at one seed, from counts of right answers alone, and its
combination over seeds. Take each of the K + 1 runs (K treatments and their baseline) in turn as
the baseline. Its rate is the share of the K others that reach it in every cell:

    r_j = #{i != j : x_ic >= x_jc in every cell c} / K
    p   = #{j : r_j >= r_0} / (K + 1)                          row 0 is the real baseline

Strict G1 counts only runs that also exceed the baseline in some cell. If treatments and baseline
are exchangeable (the treatment does nothing but train again), every row is as likely as any other
to be the baseline, so P(p <= a) <= a for every a: the permutation argument, exact at every K
(Pitman, 1937; Lehmann and Romano, Testing Statistical Hypotheses, section 15.2). All runs share one
baseline; its luck is inside the test. No p is below 1 / (K + 1): fewer than 19 runs
cannot reach 5%. Ties between rates count against the finding, so the size stays below the level.
Assumes: exchangeability, which ``exchangeability`` checks. Groups of near-duplicate runs break it
(``near_duplicates``). Runs that ended early have no counts, and leaving them out would select.
Does not cover: how large the effect is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import combine_pvalues

from search.statistics.errors import StatisticsError, at_least, share
from search.statistics.packed_words import Words, packed_words

Counts = NDArray[np.int64]
_ENTRIES = 4_000_000  # comparisons made at once: half a megabyte of bits a cell


@dataclass(frozen=True)
class RotationTest:
    """The test of one host and seed.

    Attributes:
        runs: Treatments, K.
        g1: Treatments that reach the baseline in every cell.
        strict: Those that exceed it in some cell, too.
        g1_p: Share of the K + 1 whose G1 rate is at least the real baseline's.
        strict_p: The same of the strict rate.
    """

    runs: int
    g1: int
    strict: int
    g1_p: float
    strict_p: float

    @property
    def rate(self) -> float:
        """G1 runs over runs."""
        return self.g1 / self.runs

    @property
    def strict_rate(self) -> float:
        """Strict G1 runs over runs."""
        return self.strict / self.runs


@dataclass(frozen=True)
class CombinedRotation:
    """Independent rotation tests together; ``tests`` says how many, ``method`` how."""

    runs: int
    tests: int
    g1_p: float
    strict_p: float
    method: str


def rotation_test(counts: ArrayLike) -> RotationTest:
    """Test the rate of K treatments against their baseline.

    Args:
        counts: Right answers, [K + 1, cells]; row 0 is the baseline.

    Raises:
        StatisticsError: No treatment, no cell, or a cell without a count.
    """
    rows = _whole_numbers(counts)
    g1, strict = _reached_by(rows)
    total = len(rows)
    return RotationTest(
        runs=total - 1,
        g1=int(g1[0]),
        strict=int(strict[0]),
        g1_p=float(np.count_nonzero(g1 >= g1[0]) / total),
        strict_p=float(np.count_nonzero(strict >= strict[0]) / total),
    )


def combine_rotations(tests: Sequence[RotationTest]) -> CombinedRotation:
    """Combine tests with baselines of their own (seeds, or hosts) by Fisher's method.

    -2 sum log p is compared with chi-square on 2m degrees of freedom (Fisher, 1932). Each p is
    discrete and no smaller in law than a uniform number, so the combined p is conservative too.
    One test is returned as it is.

    Raises:
        StatisticsError: There is no test, or a p outside [0, 1].
    """
    at_least(len(tests), 1, name="tests")
    return CombinedRotation(
        runs=sum(test.runs for test in tests),
        tests=len(tests),
        g1_p=combine_p([test.g1_p for test in tests]),
        strict_p=combine_p([test.strict_p for test in tests]),
        method="fisher" if len(tests) > 1 else "single",
    )


def combine_p(p_values: Sequence[float]) -> float:
    """Fisher's combination of independent p-values; a single one stays as it is.

    Raises:
        StatisticsError: There is none, or one lies outside [0, 1].
    """
    at_least(len(p_values), 1, name="p-values")
    for p in p_values:
        share(p, name="p")
    if len(p_values) == 1:
        return float(p_values[0])
    return float(combine_pvalues(p_values, method="fisher").pvalue)


def _whole_numbers(counts: ArrayLike) -> Counts:
    """[K + 1, cells] as integers; a missing count is refused, never taken as a number."""
    rows = np.asarray(counts, dtype=float)
    if rows.ndim != 2 or rows.shape[0] < 2 or rows.shape[1] < 1:
        raise StatisticsError(
            f"counts have the shape {rows.shape}; allowed: a baseline and at least one run, "
            "with at least one cell"
        )
    if not np.isfinite(rows).all():
        raise StatisticsError(
            "a cell has no count of right answers; allowed: runs that were evaluated in full"
        )
    whole = rows.astype(np.int64)
    if (whole != rows).any() or (whole < 0).any():
        raise StatisticsError("counts of right answers are whole numbers from 0 up")
    return whole


def _reached_by(rows: Counts) -> tuple[Counts, Counts]:
    """For each row as the baseline: how many others are G1, and how many strictly.

    K^2 cells comparisons, 64 rows in one operation.
    """
    total = len(rows)
    cells = [_reaching(column) for column in rows.T]
    g1, strict = np.empty(total, dtype=np.int64), np.empty(total, dtype=np.int64)
    step = max(1, _ENTRIES // total)
    for start in range(0, total, step):
        ours = slice(start, start + step)
        reached = np.bitwise_and.reduce([reach[place[ours]] for place, reach, _ in cells])
        equal = np.bitwise_and.reduce([same[place[ours]] for place, _, same in cells])
        # A row reaches and equals itself: one less of G1, and no part of the strict difference.
        g1[ours] = _num_set(reached) - 1
        strict[ours] = _num_set(reached & ~equal)
    return g1, strict


def _reaching(column: Counts) -> tuple[NDArray[np.intp], Words, Words]:
    """Each row's place among a cell's values; by value, which rows reach it, and which have it."""
    values, place = np.unique(column, return_inverse=True)
    return place, packed_words(column >= values[:, None]), packed_words(column == values[:, None])


def _num_set(words: Words) -> Counts:
    counts: Counts = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    return counts
