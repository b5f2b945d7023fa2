"""Deltas and verdicts from counts."""

from __future__ import annotations

from fractions import Fraction
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import BaselineMismatch
from storage.verdict import Count, Difference, all_not_worse, compare, verdict_word

PAIRS = st.lists(
    st.integers(1, 2000).flatmap(
        lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n))
    ),
    min_size=1,
    max_size=6,
)


def test_the_papers_four_benchmarks() -> None:
    run = {"gpqa": Count(90, 198), "gsm8k": Count(1000, 1319)}
    baseline = {"gpqa": Count(87, 198), "gsm8k": Count(1001, 1319)}
    verdict = compare(run, baseline, run_id="r")
    assert verdict.deltas == {"gpqa": Fraction(300, 198), "gsm8k": Fraction(-100, 1319)}
    assert (verdict.g1, verdict.word) == (False, "not_g1")
    assert verdict.worst_delta == Fraction(-100, 1319)
    assert verdict.mean_delta == (Fraction(300, 198) - Fraction(100, 1319)) / 2
    assert run["gpqa"].score == pytest.approx(45.4545, abs=1e-4)


@given(PAIRS)
def test_g1_is_decided_on_counts(pairs: list[tuple[int, int, int]]) -> None:
    run = {str(i): Count(mine, n) for i, (mine, _, n) in enumerate(pairs)}
    baseline = {str(i): Count(theirs, n) for i, (_, theirs, n) in enumerate(pairs)}
    verdict = compare(run, baseline, run_id="r")
    assert verdict.g1 == all(mine >= theirs for mine, theirs, _ in pairs)
    assert verdict.g1 == (verdict.worst_delta >= 0)
    for i, (mine, theirs, _) in enumerate(pairs):
        delta = verdict.deltas[str(i)]
        assert (delta > 0, delta < 0) == (mine > theirs, mine < theirs)
    assert verdict.worst_delta <= verdict.mean_delta


def test_equal_means_tie_whatever_order_their_cells_are_added_in() -> None:
    """As floats, these two means of nine more right answers differ in their last bit."""
    baseline = {"math": Count(100, 500), "mbpp": Count(100, 500)}
    one = {"math": Count(106, 500), "mbpp": Count(103, 500)}
    two = {"math": Count(105, 500), "mbpp": Count(104, 500)}
    means = [compare(run, baseline, run_id="r").mean_delta for run in (one, two)]
    assert means == [Fraction(9, 10), Fraction(9, 10)]
    floats = [
        fmean([*map(float, compare(run, baseline, run_id="r").deltas.values()), 0.0, 0.0])
        for run in (one, two)
    ]
    assert floats[0] != floats[1]


SAME, OTHER = Difference(0, 0, 0), Difference(0, 0, 3)


@pytest.mark.parametrize(
    ("gains", "differences", "word"),
    [
        ((0, 0), (SAME, SAME), "inert"),
        ((0, 0), (SAME, OTHER), "tied"),
        ((0, 0), (Difference(2, 2, 7), SAME), "tied"),
        ((1, 0), (OTHER, SAME), "strict"),
        ((1, 1), (OTHER, OTHER), "strict"),
        ((5, -1), (OTHER, OTHER), "not_g1"),
        ((0, -1), (SAME, OTHER), "not_g1"),
        # Nobody compared the responses of a cell: what is known may still be enough.
        ((0, 0), (Difference(0, 0), SAME), None),
        ((0, 0), (Difference(), Difference()), None),
        ((0, 0), (Difference(1, 1), Difference(0, 0)), "tied"),
        ((0, 0), (Difference(0, 0), OTHER), "tied"),
        ((1, 0), (Difference(), Difference()), "strict"),
        ((-1, 0), (Difference(), Difference()), "not_g1"),
    ],
)
def test_the_words(
    gains: tuple[int, ...], differences: tuple[Difference, ...], word: str | None
) -> None:
    run = {str(i): Count(5 + gain, 10) for i, gain in enumerate(gains)}
    baseline = {str(i): Count(5, 10) for i in range(len(gains))}
    found = {str(i): difference for i, difference in enumerate(differences)}
    verdict = compare(run, baseline, run_id="r", differences=found)
    assert verdict.word == word
    assert verdict.g1 == (min(gains) >= 0)


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.none() | st.integers(0, 20)), min_size=1
    )
)
def test_a_word_says_what_its_definition_says(cells: list[tuple[int, int, int | None]]) -> None:
    """An independent reading of the definitions; `changed` counts at least every judged change."""
    found = [
        Difference(helped, hurt, None if more is None else helped + hurt + more)
        for helped, hurt, more in cells
    ]
    word = verdict_word([d.helped - d.hurt for d in found], found)
    nets = [helped - hurt for helped, hurt, _ in cells]
    if word is None:
        assert set(nets) == {0}
        assert any(d.changed is None for d in found)
    assert (word == "not_g1") == (min(nets) < 0)
    assert (word == "strict") == (min(nets) >= 0 and sum(nets) > 0)
    if word == "inert":
        assert {(d.helped, d.hurt, d.changed) for d in found} == {(0, 0, 0)}
    if word == "tied":
        assert any(d.helped or d.hurt or d.changed for d in found)


@pytest.mark.parametrize(
    ("cells", "g1"),
    [((True, True), True), ((True, None), None), ((None, False), False), ((True, False), False)],
)
def test_one_losing_cell_decides(cells: tuple[bool | None, ...], g1: bool | None) -> None:
    assert all_not_worse(cells) is g1


def test_other_items_are_no_comparison() -> None:
    with pytest.raises(BaselineMismatch, match=r"run r has 3 items of 'a' but its .* has 4"):
        compare({"a": Count(1, 3)}, {"a": Count(1, 4)}, run_id="r")
    with pytest.raises(BaselineMismatch, match=r"evaluated on \['a'\] but .* on \['b'\]"):
        compare({"a": Count(1, 3)}, {"b": Count(1, 3)}, run_id="r")
