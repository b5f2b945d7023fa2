"""Two rates compared within strata: the exact conditional test.

Owns: one p of "G1 is as likely in both groups", given the number of G1 runs and of runs in each
stratum. A stratum is one baseline (a seed of a host). Given its margins the number of G1 treatments
of a stratum is hypergeometric, and strata are independent, so the total

    A = sum_s A_s,   A_s ~ Hypergeometric(runs_s + null_runs_s, g1_s + null_g1_s, runs_s)

has a law that is their convolution (Cox, The Analysis of Binary Data, 1970, section 4; the exact
form of the Cochran-Mantel-Haenszel test). Two-sided: the probability of all totals that are no
likelier than the one observed. With one stratum it is Fisher's exact test.
Assumes: given its stratum's baseline, runs are independent, and treatments and null runs are draws
of one law under the null. Does not cover: whether null runs deserve that (``null_kinds``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from search.statistics.errors import at_least

_LIKELIER = 1 + 1e-7  # sums of floats: equal probabilities may differ in their last digits


@dataclass(frozen=True)
class Stratum:
    """The four counts of one baseline."""

    g1: int
    runs: int
    null_g1: int
    null_runs: int
    seed: int | None = None

    def __post_init__(self) -> None:
        at_least(self.g1, 0, name="g1")
        at_least(self.runs, self.g1, name="runs")
        at_least(self.null_g1, 0, name="null_g1")
        at_least(self.null_runs, self.null_g1, name="null_runs")


@dataclass(frozen=True)
class StratifiedTest:
    """A test with the counts it was computed on; ``method`` names it."""

    strata: tuple[Stratum, ...]
    p: float
    method: str

    @property
    def g1(self) -> int:
        """G1 treatments of all strata."""
        return sum(stratum.g1 for stratum in self.strata)

    @property
    def runs(self) -> int:
        """Treatments of all strata."""
        return sum(stratum.runs for stratum in self.strata)

    @property
    def null_g1(self) -> int:
        """G1 null runs of all strata."""
        return sum(stratum.null_g1 for stratum in self.strata)

    @property
    def null_runs(self) -> int:
        """Null runs of all strata."""
        return sum(stratum.null_runs for stratum in self.strata)

    @property
    def expected_g1(self) -> float:
        """G1 treatments expected if both were alike, given each stratum's margins."""
        return sum(
            (s.g1 + s.null_g1) * s.runs / (s.runs + s.null_runs)
            for s in self.strata
            if s.runs + s.null_runs
        )

    @property
    def direction(self) -> str:
        """``more``, ``less`` or ``equal``: the treatments' G1 runs against those expected."""
        # Exact in whole numbers would need a common denominator; counts are far above rounding.
        excess = self.g1 - self.expected_g1
        return "equal" if abs(excess) < 1e-9 else "more" if excess > 0 else "less"

    def counts(self) -> list[dict[str, Any]]:
        """The four counts of each stratum."""
        return [asdict(stratum) for stratum in self.strata]


def stratified_test(strata: Sequence[Stratum]) -> StratifiedTest:
    """The exact conditional test, two-sided.

    Strata without runs of both groups say nothing about a difference, and change no p.

    Raises:
        StatisticsError: There is no stratum.
    """
    at_least(len(strata), 1, name="strata")
    law, low = np.ones(1), 0
    for stratum in strata:
        possible, chances = _margins(stratum)
        law, low = np.convolve(law, chances), low + possible
    observed = sum(stratum.g1 for stratum in strata) - low
    p = float(law[law <= law[observed] * _LIKELIER].sum())
    method = "fisher" if len(strata) == 1 else "cochran-mantel-haenszel, exact"
    return StratifiedTest(tuple(strata), p=min(1.0, p), method=method)


def _margins(stratum: Stratum) -> tuple[int, NDArray[np.float64]]:
    """The least possible number of G1 treatments, and the chance of it and each number above."""
    total = stratum.g1 + stratum.null_g1
    low = max(0, total - stratum.null_runs)
    possible = np.arange(low, min(stratum.runs, total) + 1)
    if len(possible) == 1:
        return low, np.ones(1)  # nothing could be otherwise; scipy has no law of an empty stratum
    return low, hypergeom.pmf(possible, stratum.runs + stratum.null_runs, total, stratum.runs)
