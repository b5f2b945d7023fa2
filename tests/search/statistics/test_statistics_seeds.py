"""Seed summaries against scipy's own tests and the paper's Tables 5, 16 and 17."""

from __future__ import annotations

from itertools import product
from math import sqrt
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_rel, wilcoxon

from search.rates.reference import published_table
from search.statistics import StatisticsError, seed_summary, seed_table, summary_from_moments

TABLE_5 = published_table("table5_llama_3_2_1b")
TABLE_16 = published_table("table16_matched_init")
DELTAS = st.lists(st.integers(-60, 60).map(lambda k: k / 10), min_size=3, max_size=8)


@pytest.mark.parametrize("adapter", ["lora", "dora"])
def test_table_16_follows_to_the_rounding_of_its_inputs(adapter: str) -> None:
    """From the printed mean and std t is 3.82 and 3.76; the printed 3.84 and 3.81 are in range."""
    row = TABLE_16[adapter]
    t = {
        (mean, std): summary_from_moments(row["n"], row["mean"] + mean, row["std"] + std).t
        for mean in (-0.005, 0, 0.005)
        for std in (-0.005, 0, 0.005)
    }
    assert round(t[0, 0] or 0, 2) == {"lora": 3.82, "dora": 3.76}[adapter] != row["t"]
    assert (t[-0.005, 0.005] or 0) < row["t"] < (t[0.005, -0.005] or 0)


@pytest.mark.parametrize(
    ("adapter", "t", "two_sided", "interval"),
    [("lora", 1.166, 0.288, (-1.472, 4.152)), ("rslora", 2.737, 0.0339, (0.0636, 1.136))],
)
def test_what_table_5_does_not_print(
    adapter: str, t: float, two_sided: float, interval: tuple[float, float]
) -> None:
    """Only rsLoRA's seven seeds exclude zero, before any correction for having been selected."""
    row = TABLE_5[adapter]
    found = summary_from_moments(row["seeds"], row["mean_delta"], row["std_delta"])
    assert found.t == pytest.approx(t, abs=1e-3)
    assert found.two_sided == pytest.approx(two_sided, abs=1e-3)
    assert found.interval == pytest.approx(interval, abs=1e-3)


@pytest.mark.parametrize("adapter", ["lora", "rslora"])
def test_table_5_means_are_the_means_of_their_cells(adapter: str) -> None:
    row = TABLE_5[adapter]
    assert abs(fmean(row["cells"]) - row["mean_delta"]) <= 0.01  # four roundings and one


def test_five_positive_seeds_of_seven_are_no_sign_of_anything() -> None:
    found = seed_summary([1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0])
    assert (found.positive, found.n) == (5, 7)


@settings(max_examples=25)
@given(DELTAS)
def test_against_scipy_on_the_deltas(deltas: list[float]) -> None:
    found = seed_summary(deltas)
    assert found.mean == pytest.approx(fmean(deltas), abs=1e-12)
    assert found.positive == sum(delta > 0 for delta in deltas)
    if found.t is None or found.interval is None:
        return
    test = ttest_1samp(deltas, 0)
    assert found.t == pytest.approx(test.statistic)
    assert found.two_sided == pytest.approx(test.pvalue)
    assert found.one_sided == pytest.approx(ttest_1samp(deltas, 0, alternative="greater").pvalue)
    interval = test.confidence_interval(0.95)
    assert found.interval == pytest.approx((interval.low, interval.high))
    assert found.interval[0] <= found.mean <= found.interval[1]


@settings(max_examples=25)
@given(st.lists(st.integers(-60, 60), min_size=3, max_size=7))
def test_the_interval_excludes_zero_where_p_is_below_five_percent(deltas: list[int]) -> None:
    found = seed_summary([float(delta) for delta in deltas])
    if found.interval and found.two_sided and abs(found.two_sided - 0.05) > 1e-9:
        excludes = not found.interval[0] <= 0 <= found.interval[1]
        assert excludes is (found.two_sided < 0.05)


def test_it_is_the_paired_test_of_the_scores_and_wilcoxon_is_there() -> None:
    rng = np.random.default_rng(0)
    theirs = rng.normal(50, 3, 20)
    ours = theirs + rng.normal(0.8, 1, 20)
    found = seed_summary(list(ours - theirs))
    assert found.two_sided == pytest.approx(ttest_rel(ours, theirs).pvalue)
    assert found.wilcoxon_p == pytest.approx(wilcoxon(ours, theirs).pvalue)
    assert found.std == pytest.approx(np.std(ours - theirs, ddof=1))
    assert found.t == pytest.approx(found.mean / (found.std / sqrt(20)))  # Appendix J


def test_wilcoxon_by_trying_every_sign() -> None:
    """Ranks of 1, 2, 2, 4, 5 are 1, 2.5, 2.5, 4, 5; the zero is dropped."""
    ranks, positive = [1, 2.5, 2.5, 4, 5], [1, 0, 1, 1, 1]
    sums = [
        sum(r * s for r, s in zip(ranks, signs, strict=True)) for signs in product([0, 1], repeat=5)
    ]
    seen = sum(r * s for r, s in zip(ranks, positive, strict=True))
    tail = sum(total >= seen for total in sums) / len(sums)
    found = seed_summary([1.0, -2.0, 2.0, 4.0, 5.0, 0.0])
    assert found.wilcoxon_p == pytest.approx(2 * tail)


def test_wilcoxon_of_a_dozen_tied_seeds_is_near_the_enumeration_and_quick() -> None:
    deltas = [0.2, 0.4, -0.2, 0.6, 0.8, -0.4, 1.0, 0.2, 0.4, 0.6, -0.2, 0.8]
    assert seed_summary(deltas).wilcoxon_p == pytest.approx(wilcoxon(deltas).pvalue, abs=0.01)


def test_one_seed_and_no_spread_have_no_t() -> None:
    one = seed_summary([2.5])
    assert (one.n, one.mean, one.std, one.t, one.interval) == (1, 2.5, None, None, None)
    same = seed_summary([1.0, 1.0, 1.0])
    assert (same.std, same.t, same.two_sided) == (0.0, None, None)
    assert seed_summary([0.0, 0.0]).wilcoxon_p == 1.0


def test_a_table_over_seeds_cells_and_pooled() -> None:
    table = seed_table(
        [
            {"a": 1.0, "b": 3.0},
            {"a": -1.0, "b": 0.5},
            {"a": 0.0, "b": 0.0},
        ]
    )
    assert (table.seeds.n, table.seeds.mean, table.seeds.positive) == (3, pytest.approx(3.5 / 6), 1)
    assert table.cells["b"].mean == pytest.approx(3.5 / 3)
    assert (table.cells["a"].positive, table.cells["b"].positive) == (1, 2)
    assert (table.pooled.n, table.pooled.positive) == (6, 3)
    assert table.pooled.mean == pytest.approx(table.seeds.mean)
    assert table.g1_seeds == 2


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: seed_summary([]), "seeds is 0"),
        (lambda: seed_table([]), "seeds is 0"),
        (lambda: seed_table([{"a": 1.0}, {"b": 1.0}]), "the same benchmarks"),
        (lambda: summary_from_moments(5, 1.0, -0.1), "std is -0.1"),
        (lambda: seed_summary([1.0, 2.0], confidence=95), "confidence is 95"),
    ],
)
def test_bad_input_is_refused(call: object, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        call()  # type: ignore[operator]
