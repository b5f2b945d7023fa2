"""McNemar against enumeration, and Table 11's p-values traced to a convention each."""

from __future__ import annotations

from itertools import product
from math import erfc, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.rates.reference import published_table
from search.statistics import PValues, StatisticsError, mcnemar_test

COUNTS = st.integers(0, 80)
TABLE_11 = published_table("table11_mcnemar_gpqa")
CONVENTIONS = [
    (side, name) for side in ("one_sided", "two_sided") for name in vars(PValues(0, 0, 0, 0))
]


def matching(wins: int, losses: int, printed: float, *, decimals: int) -> set[str]:
    """The conventions whose p rounds to the printed one."""
    test = mcnemar_test(wins, losses)
    return {
        f"{side} {name}"
        for side, name in CONVENTIONS
        if round(getattr(getattr(test, side), name), decimals) == printed
    }


@pytest.mark.parametrize(("wins", "losses"), [(0, 1), (3, 3), (5, 1), (2, 7), (6, 4)])
def test_exact_and_mid_by_enumerating_every_assignment(wins: int, losses: int) -> None:
    totals = [sum(signs) for signs in product([0, 1], repeat=wins + losses)]
    share = {k: totals.count(k) / len(totals) for k in set(totals)}
    upper = sum(p for k, p in share.items() if k >= wins)
    lower = sum(p for k, p in share.items() if k <= wins)
    test = mcnemar_test(wins, losses)
    assert test.one_sided.exact == pytest.approx(upper)
    assert test.one_sided.mid == pytest.approx(upper - share[wins] / 2)
    assert test.two_sided.exact == pytest.approx(min(1, 2 * min(upper, lower)))
    assert test.two_sided.mid == pytest.approx(min(1, 2 * (min(upper, lower) - share[wins] / 2)))


@given(COUNTS, COUNTS)
def test_chi_square_by_its_formula(wins: int, losses: int) -> None:
    test = mcnemar_test(wins, losses)
    total, gap = max(wins + losses, 1), abs(wins - losses)
    corrected = max(gap - 1, 0)
    assert test.chi2 == pytest.approx(gap**2 / total)
    assert test.chi2_corrected == pytest.approx(corrected**2 / total)
    assert test.two_sided.chi2 == pytest.approx(erfc(gap / sqrt(2 * total)))
    assert test.two_sided.chi2_corrected == pytest.approx(erfc(corrected / sqrt(2 * total)))


@given(COUNTS, COUNTS)
def test_swapping_the_methods_swaps_the_sides(wins: int, losses: int) -> None:
    test, swapped = mcnemar_test(wins, losses), mcnemar_test(losses, wins)
    for name, p in vars(test.two_sided).items():
        assert getattr(swapped.two_sided, name) == pytest.approx(p)
        assert 0 <= p <= 1
    if wins + losses:
        assert test.one_sided.mid + swapped.one_sided.mid == pytest.approx(1)
        assert test.one_sided.chi2 + swapped.one_sided.chi2 == pytest.approx(1)
    if wins > losses:
        assert test.one_sided.exact < swapped.one_sided.exact
        assert test.one_sided.mid <= test.one_sided.exact
        assert test.one_sided.chi2 == pytest.approx(test.two_sided.chi2 / 2)
        assert test.one_sided.chi2_corrected == pytest.approx(test.two_sided.chi2_corrected / 2)


def test_no_discordant_item_tells_nothing_apart() -> None:
    test = mcnemar_test(0, 0)
    assert (test.chi2, test.two_sided.exact, test.one_sided.chi2) == (0, 1, 1)


def test_equal_counts_are_no_evidence_even_corrected() -> None:
    assert mcnemar_test(7, 7).chi2_corrected == 0
    assert mcnemar_test(7, 7).two_sided.mid == pytest.approx(1)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(StatisticsError, match="losses is -2"):
        mcnemar_test(3, -2)


@pytest.mark.parametrize("host", ["Q8B", "DS32B", "Q32B", "MoE"])
def test_every_published_chi_square_is_the_uncorrected_one(host: str) -> None:
    row = TABLE_11[host]
    test = mcnemar_test(row["b"], row["c"])
    assert abs(test.chi2 - row["chi2"]) <= 0.005 + 1e-9  # 0.125 is printed as 0.13
    assert abs(test.chi2_corrected - row["chi2"]) > 0.05


@pytest.mark.parametrize(
    ("host", "decimals", "conventions"),
    [
        ("DS32B", 3, {"two_sided exact"}),
        ("Q32B", 3, {"two_sided exact"}),
        ("MoE", 2, {"one_sided mid", "one_sided chi2"}),
        ("Q8B", 3, set()),
    ],
)
def test_which_convention_gives_each_published_p(
    host: str, decimals: int, conventions: set[str]
) -> None:
    """The column says one-sided; two rows are two-sided exact, one is one-sided, one is neither."""
    row = TABLE_11[host]
    assert matching(row["b"], row["c"], row["p"], decimals=decimals) == conventions


def test_the_q8b_p_is_none_of_its_row_and_would_be_that_of_28_against_12() -> None:
    """Nearest is 0.0104, two-sided and corrected; 28:12 has the net of 16 that Table 8 implies."""
    row = TABLE_11["Q8B"]
    ours = mcnemar_test(row["b"], row["c"])
    assert ours.two_sided.chi2_corrected == pytest.approx(0.01041, abs=5e-6)
    assert ours.one_sided.exact == pytest.approx(0.00474, abs=5e-6)
    assert matching(28, 12, row["p"], decimals=3) == {"two_sided chi2"}
    scores = published_table("table8_scores")["Q8B"]["gpqa_diamond"]
    assert round(198 * (scores["talan"] - scores["baseline"]) / 100) == 28 - 12
    assert row["b"] - row["c"] == 17


def test_in_the_convention_of_its_column_the_table_would_read() -> None:
    one_sided = {
        host: round(mcnemar_test(row["b"], row["c"]).one_sided.exact, 4)
        for host, row in TABLE_11.items()
        if host != "all_cells"
    }
    assert one_sided == {"Q8B": 0.0047, "DS32B": 0.0168, "Q32B": 0.0168, "MoE": 0.43}


def test_table_11_is_not_of_the_scores_of_table_8() -> None:
    """Net items by McNemar's b - c, and by printed scores of the same cells."""
    scores = published_table("table8_scores")
    from_scores = {
        host: round(198 * (row["gpqa_diamond"]["talan"] - row["gpqa_diamond"]["baseline"]) / 100)
        for host, row in scores.items()
    }
    from_table = {
        host: row["b"] - row["c"] for host, row in TABLE_11.items() if host != "all_cells"
    }
    assert from_table == {"Q8B": 17, "DS32B": 14, "Q32B": 14, "MoE": 2}
    assert from_scores == {"Q8B": 16, "DS32B": 8, "Q32B": 2, "MoE": 2}


def test_the_summed_advantage_is_more_than_twice_what_the_scores_give() -> None:
    everything = TABLE_11["all_cells"]
    items = published_table("benchmark_items")
    net = sum(
        round(items[name] * (cell["talan"] - cell["baseline"]) / 100)
        for row in published_table("table8_scores").values()
        for name, cell in row.items()
    )
    assert everything["b"] - everything["c"] == 162
    assert net == 76
