"""Deltas as fractions of counts: equal means tie, and nothing that is no number gets through."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.statistics import (
    CellForecast,
    Pairs,
    StatisticsError,
    backbone_sign_test,
    chance_from_rates,
    correct_selection,
    exact_mean,
    mcnemar_test,
    of_delta,
    rate_interval,
    seed_summary,
    seed_table,
    sign_test,
    summary_from_moments,
)
from search.statistics.clopper_pearson import clopper_pearson

NAN, INFINITE = float("nan"), float("inf")


@given(st.integers(1, 14_000).flatmap(lambda n: st.tuples(st.integers(-n, n), st.just(n))))
def test_a_float_delta_gives_its_counts_back(counts: tuple[int, int]) -> None:
    net, n_items = counts
    assert of_delta(100 * net / n_items) == Fraction(100 * net, n_items)


def test_means_that_floats_tell_apart_are_ties() -> None:
    """1/3 + 1/6 + 1/2 and 1/2 + 1/2 + 0 are both 1; as floats the first mean is off."""
    cells = [Fraction(100, 3), Fraction(100, 6), Fraction(50)]
    assert exact_mean(cells) == exact_mean([Fraction(50), Fraction(50), 0])
    table = seed_table(
        [
            {"a": 100 / 3, "b": 100 / 6, "c": 50.0},
            {"a": 50.0, "b": 100 / 6, "c": 100 / 3},
            {"a": 100 * 2 / 6, "b": 100 / 2, "c": 100 * 3 / 18},
        ]
    )
    assert (table.seeds.std, table.seeds.t, table.seeds.two_sided) == (0.0, None, None)


def test_a_spread_of_rounding_errors_is_no_spread() -> None:
    sevenths = [100 / 7, 100 * 3 / 7 - 100 * 2 / 7, 100 / 7]
    assert len(set(sevenths)) > 1
    found = seed_summary(sevenths)
    assert (found.std, found.t, found.interval) == (0.0, None, None)
    assert seed_summary([0.1 + 0.2 - 0.3, 1.0, 2.0]).positive == 2  # 5.6e-17 is a tie


def test_pooled_deltas_are_described_and_not_tested() -> None:
    table = seed_table([{"a": 1.0, "b": 2.0}, {"a": 0.5, "b": -1.0}, {"a": 1.5, "b": 2.5}])
    pooled = table.pooled
    assert (pooled.n, pooled.mean, pooled.positive) == (6, pytest.approx(6.5 / 6), 5)
    assert pooled.std == pytest.approx(1.2416387021459)
    assert (pooled.t, pooled.two_sided, pooled.one_sided) == (None, None, None)
    assert (pooled.interval, pooled.wilcoxon_p) == (None, None)
    assert table.seeds.two_sided is not None


@pytest.mark.parametrize("value", [NAN, INFINITE, -INFINITE])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: seed_summary([1.0, x]),
        lambda x: seed_table([{"a": x}]),
        lambda x: summary_from_moments(3, x, 1.0),
        lambda x: summary_from_moments(3, 1.0, x),
        lambda x: summary_from_moments(x, 1.0, 1.0),
        lambda x: correct_selection(x, selection_seed=0, confirmation={1: 1.0}),
        lambda x: correct_selection(1.0, selection_seed=0, confirmation={1: x}),
        lambda x: sign_test([x]),
        lambda x: backbone_sign_test({"a": [x]}),
        lambda x: mcnemar_test(x, 1),
        lambda x: Pairs(x, 1, 10),
        lambda x: clopper_pearson(x, 10),
        lambda x: clopper_pearson(1, x),
        lambda x: rate_interval([(x, 3)]),
        lambda x: chance_from_rates({"a": (10, x)}),
        lambda x: exact_mean([x]),
        of_delta,
        lambda x: CellForecast("a", x, 0.5),
        lambda x: CellForecast("a", 1.0, x),
    ],
)
def test_nan_and_infinity_are_refused_everywhere(call: Any, value: float) -> None:
    with pytest.raises(StatisticsError):
        call(value)
