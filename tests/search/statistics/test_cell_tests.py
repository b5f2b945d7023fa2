"""A run's cells tested: each figure is the one that its own file computes."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from search.statistics.bootstrap import bootstrap_mean, bootstrap_net
from search.statistics.cell_tests import cell_tests, run_tests
from search.statistics.pairs import Pairs


def test_a_cell_has_both_p_and_an_interval() -> None:
    pairs = Pairs(wins=28, losses=11, n_items=198)
    found = cell_tests(pairs)
    assert found.mcnemar_exact == pytest.approx(binomtest(28, 39).pvalue)
    assert found.mcnemar_mid < found.mcnemar_exact
    assert found.interval == bootstrap_net(pairs).pp
    assert found.interval is not None
    low, high = found.interval
    assert low < pairs.delta_pp < high
    assert found.pr_positive is not None
    assert found.pr_positive > 0.99


def test_a_run_has_its_cells_and_its_mean() -> None:
    cells = {"a": Pairs(10, 5, 100), "b": Pairs(0, 0, 50)}
    found = run_tests(cells)
    assert list(found.cells) == ["a", "b"]
    assert found.mean_interval == bootstrap_mean(cells.values()).pp
    assert (found.cells["b"].mcnemar_exact, found.cells["b"].interval) == (1.0, (0.0, 0.0))


def test_one_item_has_no_interval_and_no_cell_no_tests() -> None:
    found = run_tests({"a": Pairs(1, 0, 1)})
    assert (found.cells["a"].interval, found.mean_interval) == (None, None)
    assert run_tests({}).cells == {}
    assert run_tests({}).mean_interval is None
