"""Rates against their null, by enumeration and simulation."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests

from search.rates.reference import published_table
from search.statistics import Rate, StatisticsError, compare_rates, compare_values, holm

TABLE_10 = published_table("table10_g1")


@pytest.mark.parametrize(
    ("host", "percent"),
    [("Q32B", 2.9), ("DS32B", 11.4), ("Q8B", 9.6), ("MoE", 2.1), ("total", 7.1)],
)
def test_table_10(host: str, percent: float) -> None:
    row = TABLE_10[host]
    rate = Rate.of(row["g1"], row["tested"])
    assert round(100 * (rate.rate or 0), 1) == percent
    assert rate.interval[0] < (rate.rate or 0) < rate.interval[1]


def test_table_10_adds_up() -> None:
    hosts = [row for host, row in TABLE_10.items() if host != "total"]
    assert sum(row["tested"] for row in hosts) == TABLE_10["total"]["tested"] == 2590
    assert sum(row["g1"] for row in hosts) == TABLE_10["total"]["g1"] == 185


def hypergeometric(g1: int, runs: int, null_g1: int, null_runs: int) -> float:
    """P(at least g1 of all G1 runs fall to the treatment), margins fixed."""
    total = g1 + null_g1
    ways = {
        k: comb(runs, k) * comb(null_runs, total - k)
        for k in range(max(0, total - null_runs), min(runs, total) + 1)
    }
    return sum(count for k, count in ways.items() if k >= g1) / sum(ways.values())


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_fisher_by_counting(data: st.DataObject) -> None:
    runs, null_runs = data.draw(st.integers(1, 15)), data.draw(st.integers(1, 15))
    g1, null_g1 = data.draw(st.integers(0, runs)), data.draw(st.integers(0, null_runs))
    found = compare_rates((g1, runs), null=(null_g1, null_runs), alternative="greater")
    assert found.fisher_p == pytest.approx(hypergeometric(g1, runs, null_g1, null_runs))
    swapped = compare_rates((null_g1, null_runs), null=(g1, runs))
    assert swapped.fisher_p == pytest.approx(
        compare_rates((g1, runs), null=(null_g1, null_runs)).fisher_p
    )


def boschloo(g1: int, runs: int, null_g1: int, null_runs: int) -> float:
    """Its definition: sup over the common rate of P(a table with Fisher's p no larger)."""
    observed = hypergeometric(g1, runs, null_g1, null_runs)
    tables = [
        (a, b)
        for a in range(runs + 1)
        for b in range(null_runs + 1)
        if hypergeometric(a, runs, b, null_runs) <= observed * (1 + 1e-9)
    ]
    return max(
        sum(
            comb(runs, a)
            * comb(null_runs, b)
            * rate ** (a + b)
            * (1 - rate) ** (runs + null_runs - a - b)
            for a, b in tables
        )
        for rate in np.linspace(0.001, 0.999, 999)
    )


def test_boschloo_by_its_definition_and_never_above_fisher() -> None:
    found = compare_rates((7, 12), null=(2, 10), alternative="greater")
    assert found.boschloo_p == pytest.approx(boschloo(7, 12, 2, 10), rel=1e-3)
    assert found.boschloo_p < found.fisher_p


def test_large_tables_have_fisher_only() -> None:
    found = compare_rates((185, 2590), null=(20, 400))
    assert found.boschloo_p is None
    assert 0.05 < found.fisher_p < 0.2


@pytest.mark.parametrize(("rate", "null"), [((0, 0), (1, 4)), ((0, 5), (0, 7)), ((5, 5), (7, 7))])
def test_what_cannot_be_told_apart_has_p_one(rate: tuple[int, int], null: tuple[int, int]) -> None:
    found = compare_rates(rate, null=null)
    assert (found.fisher_p, found.boschloo_p) == (1.0, 1.0)


def test_no_run_has_no_rate_and_the_widest_interval() -> None:
    assert Rate.of(0, 0) == Rate(0, 0, None, (0.0, 1.0))


@settings(deadline=None)
@given(st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(max(n, 1)))))
def test_an_interval_holds_its_rate_and_agrees_with_the_exact_test(counts: tuple[int, int]) -> None:
    rate = Rate.of(*counts)
    low, high = rate.interval
    assert low <= (rate.rate or 0) <= high
    if low > 0:
        assert binomtest(*counts, low, alternative="greater").pvalue == pytest.approx(0.025)
    if high < 1:
        assert binomtest(*counts, high, alternative="less").pvalue == pytest.approx(0.025)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


def test_values_are_corrected_over_the_values_and_keep_their_order() -> None:
    rates = {"multihead_local": (9, 40), "cross_attn": (2, 40), "per_token_mix": (16, 40)}
    found = compare_values(rates, null=(3, 60))
    assert [row.value for row in found] == list(rates)
    raw = [row.comparison.fisher_p for row in found]
    assert [row.adjusted_p for row in found] == list(holm(raw))
    assert [row.num_tests for row in found] == [3, 3, 3]
    assert raw == [compare_rates(rate, null=(3, 60)).fisher_p for rate in rates.values()]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_stepping_down_rejects(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert min(adjusted) == pytest.approx(min(1, len(p_values) * min(p_values)))
    for level in (0.011, 0.0503, 0.317):
        rejected = set()
        for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
            if p_values[index] * (len(p_values) - rank) > level:
                break
            rejected.add(index)
        assert {index for index, p in enumerate(adjusted) if p <= level} == rejected


@pytest.mark.parametrize(
    ("rate", "alternative", "sentence"),
    [
        ((5, 4), "greater", "runs is 4; allowed: whole numbers from 5 up"),
        ((-1, 4), "greater", "g1 is -1"),
        ((1, 4), "above", "alternative is 'above'; allowed: two-sided, greater, less"),
    ],
)
def test_bad_input_is_refused(rate: tuple[int, int], alternative: str, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        compare_rates(rate, null=(1, 4), alternative=alternative)


@settings(deadline=None, max_examples=25)  # statsmodels collects garbage at every call
@given(st.lists(st.floats(min_value=0, max_value=1), max_size=8))
def test_holm_is_what_statsmodels_gives(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1] if p_values else []
    assert holm(p_values) == pytest.approx(tuple(expected))
