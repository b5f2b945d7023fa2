"""The exact interval of a rate, against its definition, its other formula and textbook values."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from scipy.stats import beta

from search.statistics.clopper_pearson import clopper_pearson

# G1 configurations of tested ones, per backbone and in all (the paper's Table 10).
PUBLISHED = [(9, 309), (185, 2590)]


def at_least(successes: int, trials: int, rate: float) -> Fraction:
    """P(X >= successes) for X binomial, in exact arithmetic."""
    p = Fraction(rate)
    below = sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(successes))
    return 1 - below


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (0, 1, 0.0, 0.975),
        (1, 1, 0.025, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_textbook_values(successes: int, trials: int, low: float, high: float) -> None:
    assert clopper_pearson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("successes", "trials"), [*PUBLISHED, (1, 24), (23, 24), (50, 100)])
def test_the_beta_quantiles(successes: int, trials: int) -> None:
    low = beta.ppf(0.025, successes, trials - successes + 1)
    high = beta.ppf(0.975, successes + 1, trials - successes)
    assert clopper_pearson(successes, trials) == pytest.approx((low, high), rel=1e-6)


@pytest.mark.parametrize(("successes", "trials"), [(9, 309), (1, 24), (7, 24)])
def test_each_end_leaves_two_and_a_half_percent(successes: int, trials: int) -> None:
    low, high = clopper_pearson(successes, trials)
    assert float(at_least(successes, trials, low)) == pytest.approx(0.025, rel=1e-6)
    assert 1 - float(at_least(successes + 1, trials, high)) == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3), (0, -1)])
def test_impossible_counts(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"{successes} successes in {trials} trials"):
        clopper_pearson(successes, trials)
