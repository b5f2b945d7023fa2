"""How widely one host's chance rate scatters, against simulated hosts."""

from __future__ import annotations

import numpy as np
import pytest

from search.rates.reference import published_table
from search.statistics import StatisticsError, rate_spread, share_as_high


def test_one_cell_is_uniform() -> None:
    spread = rate_spread(1)
    assert (spread.mean, spread.median) == (0.5, pytest.approx(0.5))
    assert spread.interval == pytest.approx((0.025, 0.975))
    assert share_as_high(0.3, cells=1) == pytest.approx(0.7)


def test_simulated_hosts_whose_runs_share_a_baseline() -> None:
    """400 hosts, 400 runs each: scores of runs and baseline are draws of the same law."""
    rng = np.random.default_rng(11)
    baselines = rng.normal(size=(400, 1, 4))
    runs = rng.normal(size=(400, 400, 4))
    rates = (runs >= baselines).all(axis=2).mean(axis=1)
    spread = rate_spread(4)
    assert rates.mean() == pytest.approx(spread.mean, abs=0.015)
    assert np.median(rates) == pytest.approx(spread.median, abs=0.012)
    inside = (spread.interval[0] <= rates) & (rates <= spread.interval[1])
    assert inside.mean() > 0.8  # rates of exactly 0 fall below the lower end
    assert (rates > spread.interval[1]).mean() == pytest.approx(0.025, abs=0.02)
    assert (rates >= 0.1).mean() == pytest.approx(share_as_high(0.1, cells=4), abs=0.06)


def test_four_cells() -> None:
    spread = rate_spread(4)
    assert spread.mean == 0.0625
    assert spread.median == pytest.approx(0.02542, abs=1e-5)
    assert spread.interval == pytest.approx((0.000156, 0.3363), abs=1e-4)


@pytest.mark.parametrize(
    ("host", "share"), [("Q32B", 0.47), ("DS32B", 0.18), ("Q8B", 0.21), ("MoE", 0.54)]
)
def test_every_published_host_rate_is_one_that_chance_gives_often(host: str, share: float) -> None:
    row = published_table("table10_g1")[host]
    assert share_as_high(row["g1"] / row["tested"], cells=4) == pytest.approx(share, abs=0.006)


def test_the_ends() -> None:
    assert share_as_high(0.0, cells=4) == 1
    assert share_as_high(1.0, cells=4) == 0
    with pytest.raises(StatisticsError, match=r"rate is 7\.1"):
        share_as_high(7.1, cells=4)
    with pytest.raises(StatisticsError, match="cells is 0"):
        rate_spread(0)
