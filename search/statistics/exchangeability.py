"""Is the baseline one of the runs, or their centre? Which law of chance a G1 rate follows.

Owns: the mean discordance between two treatments beside the mean discordance between a treatment
and the baseline, in items of a run's cells together, from outcomes of one host and seed. With c_i
of K treatments right on item i,

    treatment to treatment = sum_i c_i (K - c_i) / (K (K - 1) / 2)
    treatment to baseline  = sum_i (c_i where the baseline is wrong, K - c_i where it is right) / K

so K runs cost O(K items) and no pair is looked at. By the triangle inequality their ratio t / b is
at most 2:

    about 1   the baseline is one of them: it has luck of its own, which all runs share
    about 2   the baseline is their centre: runs scatter around it, and each has its own luck
    below 1   runs resemble each other more than the baseline: they share a change of their own

The same two numbers say how much of a delta's variance all runs share (``shared_variance``): a
delta is a run's deviation minus the baseline's, so with a run's variance v and the baseline's w,
b ~ v + w, t ~ 2 v and w / (v + w) = 1 - t / (2 b).
Does not cover: the test itself (``rotation``).

Where the borders lie: over 200 simulated studies of exchangeable runs the ratio stayed within 0.86
and 1.16 (200 items) or 0.97 and 1.04 (2,517); around a centre it was 1.88 to 1.92. The size of the
rotation test is 4.8% at a ratio of 1, 5.8% at 0.89, 6.3% at 0.77, 6.7% at 0.63 and 0.2% at 1.84
(``benchmarks/statistics_size.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from search.statistics.errors import StatisticsError

Bools = NDArray[np.bool_]

EQUAL = (0.8, 1.25)
CENTRE = 1.6

Law = Literal["exchangeable", "centre", "between", "apart", "inert", "unknown"]
LAWS: Mapping[Law, str] = {
    "exchangeable": (
        "The runs differ from each other about as much as from the baseline: the baseline is one "
        "of them, and the rotation test is exact."
    ),
    "centre": (
        "The runs differ from each other about twice as much as from the baseline: the baseline "
        "is their centre. The rotation test rejects too rarely here; read the rate with the sum "
        "of each run's own chance."
    ),
    "between": (
        "The runs differ from each other more than from the baseline, but not twice as much: the "
        "baseline lies between one of them and their centre. The rotation test rejects too rarely "
        "here."
    ),
    "apart": (
        "The runs resemble each other more than the baseline: they share a change of their own. "
        "The rotation test may reject too often here (6.3% instead of 5% at a ratio of 0.77)."
    ),
    "inert": "No run answers any item differently from the baseline: there is nothing to compare.",
    "unknown": "One run cannot show whether runs differ from each other.",
}


@dataclass(frozen=True)
class Discordances:
    """Mean discordant items of a pair of runs, over all cells together.

    Attributes:
        runs: Treatments.
        items: Items of a run, all cells together.
        treatment_treatment: Mean over pairs of treatments; None where there is one treatment.
        treatment_baseline: Mean over treatments.
    """

    runs: int
    items: int
    treatment_treatment: float | None
    treatment_baseline: float

    @property
    def ratio(self) -> float | None:
        """Treatment to treatment over treatment to baseline; None where nothing can be told."""
        if self.treatment_treatment is None or self.treatment_baseline == 0:
            return None
        return self.treatment_treatment / self.treatment_baseline

    @property
    def law(self) -> Law:
        """A key of ``LAWS``."""
        if self.ratio is None:
            return "inert" if self.treatment_baseline == 0 else "unknown"
        low, high = EQUAL
        if self.ratio < low:
            return "apart"
        if self.ratio <= high:
            return "exchangeable"
        return "centre" if self.ratio >= CENTRE else "between"

    @property
    def sentence(self) -> str:
        """What the two numbers say, with the numbers."""
        if self.ratio is None:
            return LAWS[self.law]
        return (
            f"{LAWS[self.law]} (Mean discordance {self.treatment_treatment:.1f} items between two "
            f"runs, {self.treatment_baseline:.1f} between a run and the baseline, of {self.items}.)"
        )

    @property
    def shared_variance(self) -> float:
        """Share of a delta's variance that all runs of the baseline share, in [0, 1].

        1/2 where the baseline is one of the runs, 0 where it is their centre; 1/2 where unknown.
        """
        if self.ratio is None:
            return 0.5
        return min(1.0, max(0.0, 1 - self.ratio / 2))


def discordances(treatments: ArrayLike, baseline: ArrayLike) -> Discordances:
    """Mean discordances from outcomes.

    Args:
        treatments: Right or wrong, [K, items], all cells of a run behind one another.
        baseline: The baseline's, [items].

    Raises:
        StatisticsError: No treatment or item, or rows of another length than the baseline.
    """
    runs, base = outcomes(treatments, baseline)
    num_runs, num_items = runs.shape
    right = runs.sum(axis=0, dtype=np.int64)
    pairs = num_runs * (num_runs - 1) / 2
    against = np.where(base, num_runs - right, right)
    return Discordances(
        runs=num_runs,
        items=num_items,
        treatment_treatment=float((right * (num_runs - right)).sum() / pairs) if pairs else None,
        treatment_baseline=float(against.sum() / num_runs),
    )


def over_baselines(found: Sequence[Discordances]) -> Discordances:
    """Several baselines' discordances as one: the mean over all pairs of runs within a baseline.

    Raises:
        StatisticsError: There is none.
    """
    if not found:
        raise StatisticsError("there is no baseline; allowed: at least one")
    pairs = [entry.runs * (entry.runs - 1) for entry in found]
    between = [
        pair * entry.treatment_treatment
        for pair, entry in zip(pairs, found, strict=True)
        if entry.treatment_treatment is not None
    ]
    runs = sum(entry.runs for entry in found)
    return Discordances(
        runs=runs,
        items=max(entry.items for entry in found),
        treatment_treatment=sum(between) / sum(pairs) if between else None,
        treatment_baseline=sum(entry.runs * entry.treatment_baseline for entry in found) / runs,
    )


def outcomes(treatments: ArrayLike, baseline: ArrayLike) -> tuple[Bools, Bools]:
    """Both as booleans, [K, items] and [items].

    Raises:
        StatisticsError: As in ``discordances``.
    """
    base = np.asarray(baseline)
    runs = np.asarray(treatments)
    if runs.ndim != 2 or runs.shape[0] < 1 or runs.shape[1] < 1 or base.shape != runs.shape[1:]:
        raise StatisticsError(
            f"outcomes have the shapes {runs.shape} and {base.shape}; allowed: at least one run "
            "and one item, and the baseline on the same items"
        )
    return _booleans(runs), _booleans(base)


def _booleans(values: NDArray[np.generic]) -> Bools:
    if values.dtype != bool and not np.isin(values, (0, 1)).all():
        raise StatisticsError("outcomes are right or wrong; allowed: true, false, 1 and 0")
    return values.astype(bool)
