"""The order in which a run's benchmarks are asked: no other order is cheaper."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.statistics import CellForecast, StatisticsError, loss_probability, order_cells


@given(st.lists(st.tuples(st.floats(0.1, 50), st.floats(0.01, 0.99)), min_size=1, max_size=5))
def test_no_order_of_independent_cells_is_cheaper(cells: list[tuple[float, float]]) -> None:
    forecasts = [CellForecast(str(i), cost, loss) for i, (cost, loss) in enumerate(cells)]
    by_name = {cell.benchmark: cell for cell in forecasts}

    def expected(order: tuple[str, ...]) -> float:
        total, reached = 0.0, 1.0
        for name in order:
            total += reached * by_name[name].cost
            reached *= 1 - by_name[name].loss_probability
        return total

    best = min(expected(order) for order in permutations(by_name))
    assert expected(order_cells(forecasts)) == pytest.approx(best)


def test_a_cell_that_never_loses_goes_last() -> None:
    cells = [
        CellForecast("sure", 1, 0.0),
        CellForecast("big", 1319, 0.5),
        CellForecast("s", 198, 0.4),
    ]
    assert order_cells(cells) == ("s", "big", "sure")


def test_loss_probabilities_are_never_certain() -> None:
    assert loss_probability(0, 0) == 0.5
    assert 0 < loss_probability(0, 20) < loss_probability(20, 20) < 1
    with pytest.raises(StatisticsError, match="runs is 2"):
        loss_probability(3, 2)
