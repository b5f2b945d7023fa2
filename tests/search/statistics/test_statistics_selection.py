"""The champion's corrected estimate, and that it corrects."""

from __future__ import annotations

import numpy as np
import pytest

from search.statistics import StatisticsError, correct_selection


def test_winning_and_confirmed_side_by_side() -> None:
    found = correct_selection(2.67, selection_seed=42, confirmation={43: 0.5, 44: -0.25, 48: 1.25})
    assert (found.winning, found.confirmed.mean, found.confirmed.n) == (2.67, 0.5, 3)
    assert found.optimism == pytest.approx(2.17)
    assert found.confirmed.positive == 2


def test_confirmation_is_unbiased_where_winning_is_not() -> None:
    """500 studies of 50 configurations, all truly worth 0.2 pp, with 1 pp of noise a seed."""
    rng = np.random.default_rng(4)
    winning, confirmed = [], []
    for _ in range(500):
        deltas = rng.normal(0.2, 1, 50)
        fresh = dict(enumerate(rng.normal(0.2, 1, 4)))
        found = correct_selection(float(deltas.max()), selection_seed=99, confirmation=fresh)
        winning.append(found.winning)
        confirmed.append(found.confirmed.mean)
    assert np.mean(winning) == pytest.approx(0.2 + 2.249, abs=0.06)  # E[max of 50 normals] = 2.249
    assert np.mean(confirmed) == pytest.approx(0.2, abs=0.07)


def test_the_selecting_seed_confirms_nothing() -> None:
    with pytest.raises(StatisticsError, match="seed 42 selected the configuration"):
        correct_selection(1.0, selection_seed=42, confirmation={42: 1.0, 43: 0.4})
    with pytest.raises(StatisticsError, match="confirmation seeds is 0"):
        correct_selection(1.0, selection_seed=42, confirmation={})
