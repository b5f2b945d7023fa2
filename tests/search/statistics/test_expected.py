"""Each run's own chance by enumeration, and intervals of false G1 over simulated studies."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, multivariate_normal

from search.statistics import (
    BaselineRuns,
    StatisticsError,
    cell_correlation,
    discordances,
    expected_g1,
    run_chances,
)


def not_below(discordant: int) -> float:
    """P(delta >= 0) of a cell whose discordant items fall to either side."""
    return float(binom.sf((discordant + 1) // 2 - 1, discordant, 0.5))


def test_four_fair_cells() -> None:
    odd = np.full((1, 4), 101)  # no tie is possible
    assert run_chances(odd)[0][0] == pytest.approx(1 / 16)
    correlated, strict = run_chances(odd, correlation=0.2)
    assert correlated[0] == pytest.approx(0.113, abs=5e-4)
    assert strict[0] == pytest.approx(correlated[0])
    covariance = 0.8 * np.eye(4) + 0.2
    orthant = multivariate_normal(cov=covariance).cdf(np.zeros(4))
    assert correlated[0] == pytest.approx(orthant, abs=1e-4)


@pytest.mark.parametrize("discordant", [(0, 0), (2, 1), (4, 2), (3, 0), (2, 2)])
def test_independent_cells_by_enumerating_every_fall(discordant: tuple[int, int]) -> None:
    falls = [
        [sum(signs[:cut]) for cut in (discordant[0],)] + [sum(signs[discordant[0] :])]
        for signs in product([-1, 1], repeat=sum(discordant))
    ]
    g1 = [min(nets) >= 0 for nets in falls]
    strict = [held and max(nets) > 0 for held, nets in zip(g1, falls, strict=True)]
    found = run_chances(np.array([discordant]))
    assert found[0][0] == pytest.approx(np.mean(g1))
    assert found[1][0] == pytest.approx(np.mean(strict))
    assert found[0][0] == pytest.approx(prod(map(not_below, discordant)))


def test_cells_that_are_one_cell() -> None:
    """Correlation 1: all cells hold where one does."""
    found, _ = run_chances(np.full((1, 4), 101), correlation=1.0)
    assert found[0] == pytest.approx(0.5, abs=0.06)


def test_the_correlation_is_that_of_the_cells_within_a_baseline() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=(4000, 1))
    cells = np.sqrt(0.3) * common + np.sqrt(0.7) * rng.normal(size=(4000, 4))
    assert cell_correlation([cells]) == pytest.approx(0.3, abs=0.03)
    lucky = cells[:2000] - 50  # another baseline's luck is no correlation
    assert cell_correlation([cells[2000:], lucky]) == pytest.approx(0.3, abs=0.03)
    assert cell_correlation([np.array([[1, 0], [1, 2]])]) == 0.0  # one cell does not vary


def study(rng: Any, *, law: str, runs: int, items: int = 400) -> BaselineRuns:
    difficulty = 3 * rng.normal(size=items)
    if law == "centre":
        base = difficulty > 0
        treated = base ^ (rng.random((runs, items)) < 0.08)
    else:
        base = difficulty + rng.normal(size=items) > 0
        treated = difficulty + rng.normal(size=(runs, items)) > 0
    helped = (treated & ~base).reshape(runs, 4, -1).sum(axis=2)
    hurt = (~treated & base).reshape(runs, 4, -1).sum(axis=2)
    shared = discordances(treated, base).shared_variance
    return BaselineRuns(helped - hurt, helped + hurt, shared_variance=shared)


@pytest.mark.parametrize(
    ("law", "seeds", "runs"), [("exchangeable", 1, 40), ("exchangeable", 3, 20), ("centre", 1, 60)]
)
def test_intervals_hold_the_number_found(law: str, seeds: int, runs: int) -> None:
    """200 studies without any effect: 95% intervals, three standard errors are 4.6 points."""
    rng = np.random.default_rng(5)
    found = [
        expected_g1([study(rng, law=law, runs=runs) for _ in range(seeds)], draws=1000)
        for _ in range(200)
    ]
    inside = [f.g1_interval[0] <= f.found <= f.g1_interval[1] for f in found]
    assert np.mean(inside) >= 0.95 - 0.046
    strict = [f.strict_interval[0] <= f.found_strict <= f.strict_interval[1] for f in found]
    assert np.mean(strict) >= 0.95 - 0.046
    # The sum of chances is right on average: 200 baselines scatter widely, hence the tolerance.
    assert np.mean([f.g1 for f in found]) == pytest.approx(
        np.mean([f.found for f in found]), rel=0.35
    )


def test_a_shared_baseline_widens_the_interval_and_moves_no_expectation() -> None:
    rng = np.random.default_rng(1)
    discordant = np.full((60, 4), 41)
    net = 2 * rng.binomial(41, 0.5, size=(60, 4)) - 41
    alone = expected_g1([BaselineRuns(net, discordant, shared_variance=0.0)], correlation=0.0)
    luck = expected_g1([BaselineRuns(net, discordant, shared_variance=0.5)], correlation=0.0)
    assert alone.g1 == luck.g1 == pytest.approx(60 / 16)
    # Poisson-binomial with 60 equal chances is binomial: 1 to 8.
    assert alone.g1_interval == (1, 8)
    assert luck.g1_interval[0] == 0
    assert luck.g1_interval[1] >= 15


def test_ties_are_counted_for_g1_and_not_for_strict() -> None:
    inert = expected_g1([BaselineRuns(np.zeros((5, 2)), np.zeros((5, 2)))])
    assert (inert.found, inert.found_strict, inert.g1, inert.strict) == (5, 0, 5.0, 0.0)
    assert (inert.g1_interval, inert.strict_interval) == ((5, 5), (0, 0))
    assert inert.sentence == (
        "5 of 5 runs are G1; chance alone gives 5.0 (95% of baselines: 5 to 5)."
    )


def test_no_more_false_g1_than_were_found() -> None:
    found = expected_g1([BaselineRuns(np.full((10, 1), -1), np.full((10, 1), 1))])
    assert found.g1 == pytest.approx(5.0)
    assert (found.found, found.false_g1, found.false_g1_interval) == (0, 0.0, (0, 0))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: expected_g1([]), "baselines is 0"),
        (lambda: BaselineRuns(np.zeros((0, 2)), np.zeros((0, 2))), "at least one of each"),
        (lambda: BaselineRuns([[3]], [[1]]), "do not follow"),
        (lambda: BaselineRuns([[1]], [[2]]), "do not follow"),
        (lambda: BaselineRuns([[float("nan")]], [[2]]), "evaluated in full"),
        (lambda: BaselineRuns([[0]], [[2]], shared_variance=1.5), "shared_variance is 1.5"),
        (lambda: run_chances(np.array([[-1]])), "from 0 up"),
        (lambda: run_chances(np.array([[float("nan")]])), "from 0 up"),
        (lambda: run_chances(np.array([[1]]), correlation=-0.1), "correlation is -0.1"),
    ],
)
def test_bad_input_is_refused(call: Any, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        call()
