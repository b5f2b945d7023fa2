"""McNemar's test of one cell, in every convention, so that a printed p can be traced to one.

Owns: the test of b against c discordant items (McNemar, 1947; the mid-p variant as in Fagerland,
Lydersen and Laake, 2013). Under the null each discordant item falls to either side with
probability 1/2, so b given b + c is Binomial(b + c, 1/2):

    exact          P(B >= b), two-sided: twice the smaller tail, at most 1
    mid            the exact tail less half the probability of b itself
    chi2           (b - c)^2 / (b + c) against chi-square with one degree of freedom
    chi2_corrected (|b - c| - 1)^2 / (b + c), and no correction where b = c

One-sided p-values ask for b > c (the treatment is better); their normal forms are the signed
roots, P(Z >= (b - c) / sqrt(b + c)) and, corrected, P(Z >= (b - c - 1) / sqrt(b + c)).
Assumes: the two methods answer the same items, and discordant items are independent of each other.
Does not cover: several cells at once, nor a correction for looking at many.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from scipy.stats import binom, binomtest, chi2, norm

from search.statistics.errors import at_least


@dataclass(frozen=True)
class PValues:
    """The same question answered in four conventions."""

    exact: float
    mid: float
    chi2: float
    chi2_corrected: float


@dataclass(frozen=True)
class McNemar:
    """The test of one cell; ``one_sided`` asks for wins > losses."""

    wins: int
    losses: int
    chi2: float
    chi2_corrected: float
    two_sided: PValues
    one_sided: PValues


def mcnemar_test(wins: int, losses: int) -> McNemar:
    """Test discordant items; with none there is nothing to tell apart, and every p is 1.

    Raises:
        StatisticsError: A count is negative.
    """
    at_least(wins, 0, name="wins")
    at_least(losses, 0, name="losses")
    if wins + losses == 0:
        nothing = PValues(1.0, 1.0, 1.0, 1.0)
        return McNemar(0, 0, 0.0, 0.0, two_sided=nothing, one_sided=nothing)
    plain = (wins - losses) ** 2 / (wins + losses)
    corrected = (abs(wins - losses) - (wins != losses)) ** 2 / (wins + losses)
    return McNemar(
        wins,
        losses,
        chi2=plain,
        chi2_corrected=corrected,
        two_sided=PValues(
            exact=float(binomtest(wins, wins + losses).pvalue),
            mid=min(1.0, 2 * min(_mid_tail(wins, losses), _mid_tail(losses, wins))),
            chi2=float(chi2.sf(plain, 1)),
            chi2_corrected=float(chi2.sf(corrected, 1)),
        ),
        one_sided=_one_sided(wins, losses),
    )


def _one_sided(wins: int, losses: int) -> PValues:
    net, root = wins - losses, sqrt(wins + losses)
    return PValues(
        exact=float(binomtest(wins, wins + losses, alternative="greater").pvalue),
        mid=_mid_tail(wins, losses),
        chi2=float(norm.sf(net / root)),
        chi2_corrected=float(norm.sf((net - (net != 0)) / root)),
    )


def _mid_tail(wins: int, losses: int) -> float:
    """P(B > b) + P(B = b) / 2."""
    total = wins + losses
    return float(binom.sf(wins, total, 0.5) + binom.pmf(wins, total, 0.5) / 2)
