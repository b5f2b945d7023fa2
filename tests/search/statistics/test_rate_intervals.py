"""Intervals of a rate over seeds: coverage with the configuration as the unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.statistics import StatisticsError, intraclass_correlation, rate_interval
from search.statistics.clopper_pearson import clopper_pearson


def test_one_seed_is_clopper_and_pearsons() -> None:
    found = rate_interval([(1, 1)] * 7 + [(0, 1)] * 17)
    assert (found.low, found.high) == clopper_pearson(7, 24)
    assert (found.method, found.units) == ("clopper-pearson", 24)
    assert rate_interval([]) == rate_interval([])
    assert (rate_interval([]).low, rate_interval([]).high) == (0.0, 1.0)


def test_seeds_that_repeat_each_other_count_once() -> None:
    found = rate_interval([(4, 4)] * 7 + [(0, 4)] * 17)
    alone = clopper_pearson(7, 24)
    assert intraclass_correlation([(4, 4)] * 7 + [(0, 4)] * 17) == 1.0
    assert found.method == "beta-binomial over configurations"
    assert (found.low, found.high) == pytest.approx(alone, abs=0.03)
    assert found.high - found.low >= alone[1] - alone[0]


def test_where_all_agree_the_configurations_are_what_there_is() -> None:
    found = rate_interval([(0, 5)] * 24)
    assert (found.low, found.high) == clopper_pearson(0, 24)
    assert intraclass_correlation([(0, 5)] * 24) is None


def test_the_correlation_that_made_the_runs() -> None:
    rng = np.random.default_rng(0)
    rates = rng.beta(0.3 * 0.7 / 0.3, 0.7 * 0.7 / 0.3, size=4000)  # r = 0.3
    runs = [(int(g1), 4) for g1 in rng.binomial(4, rates)]
    assert intraclass_correlation(runs) == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("r", [0.0, 0.3, 0.8])
@pytest.mark.parametrize(("units", "seeds"), [(24, 3), (60, 4)])
def test_coverage(units: int, seeds: int, r: float) -> None:
    """500 studies of a space with rate 0.2: three standard errors are 2.9 points."""
    rng, rate = np.random.default_rng(3), 0.2

    def covered() -> bool:
        spread = (1 - r) / r if r else 0
        own: Any = (
            rng.beta(rate * spread, (1 - rate) * spread, units) if r else np.full(units, rate)
        )
        found = rate_interval([(int(g1), seeds) for g1 in rng.binomial(seeds, own)])
        return found.low <= rate <= found.high

    assert np.mean([covered() for _ in range(500)]) >= 0.95 - 0.029


@pytest.mark.parametrize("counts", [(3, 2), (-1, 2), (0, 0)])
def test_impossible_counts(counts: tuple[int, int]) -> None:
    with pytest.raises(StatisticsError):
        rate_interval([counts])
