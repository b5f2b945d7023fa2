"""The exact interval of a rate of independent trials.

Owns: Clopper and Pearson's interval. Does not cover: trials that resemble each other
(``rate_intervals``), nor tests between rates.
"""

from __future__ import annotations

from math import inf

from scipy.special import betaincinv

from search.statistics.errors import StatisticsError, within

CONFIDENCE = 0.95


def clopper_pearson(
    successes: float, trials: float, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The exact interval of a binomial rate (Clopper and Pearson, 1934); (0, 1) for no trial.

    Effective counts of a correlated sample need not be whole (``rate_intervals``).

    Raises:
        StatisticsError: Not 0 <= successes <= trials, or a level outside (0, 1).
    """
    within(confidence, name="confidence")
    if not 0 <= successes <= trials < inf:
        raise StatisticsError(f"{successes} successes in {trials} trials")
    tail, failures = (1 - confidence) / 2, trials - successes
    # Quantiles of beta distributions, in closed form: a page of rates needs no root-finding.
    low = betaincinv(successes, failures + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, failures, 1 - tail) if failures else 1.0
    return (float(low), float(high))
