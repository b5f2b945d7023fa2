"""Sign tests against enumeration and the paper's Appendix F.1."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.rates.reference import published_table
from search.statistics import StatisticsError, backbone_sign_test, sign_test

PUBLISHED = published_table("sign_test")
LORA = published_table("table4_deltas")["lora"]
CELLS = [delta for cells in LORA.values() for delta in cells.values()]


def test_sixteen_of_sixteen() -> None:
    test = sign_test(CELLS)
    assert (test.successes, test.trials) == (16, 16)
    assert test.one_sided == 2.0**-16 == pytest.approx(PUBLISHED["cells_16_of_16_one_sided"])
    assert test.two_sided == 2.0**-15 == pytest.approx(PUBLISHED["cells_two_sided"], rel=1e-3)


def test_four_backbones() -> None:
    test = backbone_sign_test({host: list(cells.values()) for host, cells in LORA.items()})
    assert (test.successes, test.trials) == (4, 4)
    assert test.one_sided == PUBLISHED["backbones_4_of_4_one_sided"] == 0.0625
    assert test.two_sided == 0.125  # the paper prints the one-sided p only


def test_the_strict_variant_keeps_ties_in_the_denominator() -> None:
    test = sign_test(CELLS, ties="against")
    assert (test.successes, test.trials) == (12, 16)
    assert round(test.one_sided, 3) == PUBLISHED["strict_12_of_16_one_sided"]
    assert test.two_sided == pytest.approx(0.0768, abs=5e-5)  # one-sided only it passes 5%


def test_dropping_ties_is_the_other_reading_the_paper_names_and_gives_another_p() -> None:
    test = sign_test(CELLS, ties="dropped")
    assert (test.successes, test.trials) == (12, 12)
    assert test.one_sided == 2.0**-12


@given(st.lists(st.sampled_from([-2.0, -0.1, 0.0, 0.3, 4.0]), min_size=1, max_size=9))
def test_by_enumerating_every_toss(deltas: list[float]) -> None:
    test = sign_test(deltas)
    tosses = [sum(toss) for toss in product([0, 1], repeat=len(deltas))]
    assert test.successes == sum(delta >= 0 for delta in deltas)
    assert test.one_sided == pytest.approx(
        sum(toss >= test.successes for toss in tosses) / len(tosses)
    )
    orders = [sign_test(deltas, ties=ties).one_sided for ties in ("for", "dropped", "against")]
    assert orders == sorted(orders)


def test_a_backbone_counts_by_its_mean() -> None:
    test = backbone_sign_test({"a": [-1.0, -1.0, 5.0], "b": [-1.0, 0.5], "c": [1.0, -1.0]})
    assert (test.successes, test.trials) == (2, 3)
    strict = backbone_sign_test({"a": [-1.0, 5.0], "c": [1.0, -1.0]}, ties="against")
    assert (strict.successes, strict.trials) == (1, 2)


def test_all_tied_tells_nothing() -> None:
    assert sign_test([0.0, 0.0], ties="dropped").one_sided == 1
    assert sign_test([0.0, 0.0], ties="against").one_sided == 1
    assert sign_test([0.0, 0.0], ties="for").one_sided == 0.25


def test_bad_input_is_refused() -> None:
    with pytest.raises(StatisticsError, match="ties is 'ignored'; allowed: for, against, dropped"):
        sign_test([1.0], ties="ignored")
    with pytest.raises(StatisticsError, match="backbone 'b' has no delta"):
        backbone_sign_test({"a": [1.0], "b": []})
