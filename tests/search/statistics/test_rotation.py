"""The rotation test against its definition, its size under exchangeable runs, and its power."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.statistics import StatisticsError, combine_p, combine_rotations, rotation_test
from search.statistics import rotation as rotation_module

TABLES = st.integers(1, 4).flatmap(
    lambda cells: st.lists(
        st.lists(st.integers(0, 4), min_size=cells, max_size=cells), min_size=2, max_size=9
    )
)


def by_definition(rows: list[list[int]], *, strict: bool) -> tuple[int, Fraction]:
    """G1 runs of the real baseline, and p, one comparison at a time."""

    def reached(j: int) -> int:
        found = 0
        for i, row in enumerate(rows):
            if i == j:
                continue
            g1 = all(ours >= theirs for ours, theirs in zip(row, rows[j], strict=True))
            found += g1 and (row != rows[j] or not strict)
        return found

    rates = [reached(j) for j in range(len(rows))]
    return rates[0], Fraction(sum(rate >= rates[0] for rate in rates), len(rows))


@given(TABLES)
def test_against_its_definition(rows: list[list[int]]) -> None:
    found = rotation_test(rows)
    assert (found.g1, Fraction(found.g1_p).limit_denominator(100)) == by_definition(
        rows, strict=False
    )
    assert (found.strict, Fraction(found.strict_p).limit_denominator(100)) == by_definition(
        rows, strict=True
    )
    assert found.runs == len(rows) - 1
    assert 1 / (found.runs + 1) <= min(found.g1_p, found.strict_p)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).integers(20, 40, size=(61, 4))
    whole = rotation_test(rows)
    monkeypatch.setattr(rotation_module, "_ENTRIES", 100)
    assert rotation_test(rows) == whole


@pytest.mark.parametrize("num_rows", [64, 65, 129])
def test_rows_of_more_than_one_word(num_rows: int) -> None:
    rows = np.random.default_rng(num_rows).integers(0, 6, size=(num_rows, 2)).tolist()
    found = rotation_test(rows)
    for p, strict in ((found.g1_p, False), (found.strict_p, True)):
        num_reached, share = by_definition(rows, strict=strict)
        assert p == pytest.approx(float(share))
        assert (found.strict if strict else found.g1) == num_reached


def test_three_thousand_runs() -> None:
    rows = np.random.default_rng(0).normal(200, 8, size=(3001, 4)).round()
    rows[0] = 0  # every run reaches this baseline, and no other row is reached as often
    found = rotation_test(rows)
    assert (found.g1, found.strict, found.rate) == (3000, 3000, 1.0)
    assert found.g1_p == found.strict_p == 1 / 3001


def test_copies_of_the_baseline_make_no_finding() -> None:
    """Inert runs: each is as good a baseline, so p is at least their share."""
    rows = [[10, 10]] * 21 + [[9, 12]] * 9
    found = rotation_test(rows)
    assert (found.g1, found.strict) == (20, 0)
    assert found.g1_p == pytest.approx(21 / 30)
    assert found.strict_p == 1.0


def rejections(
    *, runs: int, studies: int, shift: float = 0.0, correlation: float = 0.0, seed: int = 0
) -> float:
    """Share of studies of four cells with p <= 5%; scores are rounded to items, sd 5 items."""
    rng = np.random.default_rng(seed)

    def study() -> Any:
        own = rng.normal(size=(runs + 1, 4)) * np.sqrt(1 - correlation)
        scores = own + rng.normal(size=(runs + 1, 1)) * np.sqrt(correlation)
        scores[1:] += shift
        return np.rint(100 + 5 * scores)

    return float(np.mean([rotation_test(study()).g1_p <= 0.05 for _ in range(studies)]))


@pytest.mark.parametrize("correlation", [0.0, 0.3])
@pytest.mark.parametrize("runs", [24, 60, 200])
def test_its_size_never_exceeds_its_level(runs: int, correlation: float) -> None:
    """2,000 studies: three standard errors are 1.5 points. 24 runs can reach 1/25 only."""
    size = rejections(runs=runs, studies=2000, correlation=correlation)
    assert size <= 0.05 + 0.015
    assert size >= 0.05 - 0.015 if runs > 24 else size >= 0.015


@pytest.mark.parametrize(("shift", "least", "most"), [(1.0, 0.47, 0.58), (2.0, 0.93, 0.97)])
def test_its_power_at_sixty_runs(shift: float, least: float, most: float) -> None:
    assert least < rejections(runs=60, studies=1000, shift=shift, seed=1) < most


def test_two_seeds_combine_by_fishers_method() -> None:
    one, two = rotation_test([[1], [2], [0]]), rotation_test([[5], [6], [7], [5]])
    both = combine_rotations([one, two])
    assert (both.runs, both.tests, both.method) == (5, 2, "fisher")
    # Chi-square on 4 degrees of freedom has the tail (1 + x / 2) exp(-x / 2): closed form.
    product = one.g1_p * two.g1_p
    assert both.g1_p == pytest.approx(product * (1 - np.log(product)))
    assert combine_rotations([one]).g1_p == one.g1_p
    assert combine_p([1.0, 1.0, 1.0]) == pytest.approx(1.0)


def test_combined_over_seeds_its_size_stays_below_its_level() -> None:
    rng = np.random.default_rng(4)

    def combined() -> float:
        studies = (np.rint(100 + 5 * rng.normal(size=(25, 4))) for _ in range(4))
        return combine_rotations([rotation_test(study) for study in studies]).g1_p

    assert np.mean([combined() <= 0.05 for _ in range(1000)]) <= 0.05 + 0.02


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ([[1, 2]], "at least one run"),
        ([[], []], "at least one cell"),
        ([[1.0], [float("nan")]], "evaluated in full"),
        ([[1.0], [float("inf")]], "evaluated in full"),
        ([[1.5], [2]], "whole numbers"),
        ([[-1], [2]], "whole numbers"),
    ],
)
def test_what_has_no_counts_is_refused(counts: Any, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        rotation_test(counts)


@pytest.mark.parametrize("p", [float("nan"), -0.1, 1.1])
def test_a_p_that_is_none_is_refused(p: float) -> None:
    with pytest.raises(StatisticsError, match="p is"):
        combine_p([0.5, p])
    with pytest.raises(StatisticsError, match="tests is 0"):
        combine_rotations([])
