"""The G1 rate and its exact interval.

Owns: one metric, the G1 rate: runs whose every delta is >= 0, over completed treatment runs of one
host, a fraction in [0, 1]. Baselines and failed runs are in neither count. Does not cover: the
null rate that a rate is to be read beside, nor tests between rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

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


def rate_row(counts: Mapping[str, Any]) -> dict[str, Any]:
    """One row of ``talan g1 --json`` from counted runs.

    Args:
        counts: ``study``, ``backbone``, ``adapter``, ``design``, ``axis``, ``value``, ``runs`` and
            ``g1`` (counts).
    """
    runs, g1 = counts["runs"], counts["g1"]
    return {
        "study": counts["study"],
        "backbone": counts["backbone"],
        "adapter": counts["adapter"],
        "design": counts["design"],
        "runs": runs,
        "g1": g1,
        "rate": g1 / runs if runs else None,
        "interval": list(clopper_pearson(g1, runs)),
        "null": None,
        "axis": counts["axis"],
        "value": counts["value"],
    }
