"""Counting pairs from outcomes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.errors import SearchError
from search.statistics import Pairs, StatisticsError

OUTCOMES = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def test_a_hand_counted_cell() -> None:
    pairs = Pairs.of([1, 1, 0, 0, 1], [1, 0, 1, 0, 0])
    assert (pairs.wins, pairs.losses, pairs.n_items) == (2, 1, 5)
    assert (pairs.discordant, pairs.net, pairs.delta_pp, pairs.discordance) == (3, 1, 20.0, 0.6)


@settings(deadline=None)
@given(OUTCOMES)
def test_the_net_is_the_difference_of_the_scores_and_swaps_sign(
    outcomes: list[tuple[bool, bool]],
) -> None:
    ours, theirs = zip(*outcomes, strict=True)
    pairs, swapped = Pairs.of(ours, theirs), Pairs.of(theirs, ours)
    assert pairs.net == sum(ours) - sum(theirs) == -swapped.net
    assert pairs.discordant == sum(a != b for a, b in outcomes)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"wins": -1, "losses": 0, "n_items": 3}, "wins is -1; allowed: whole numbers from 0 up"),
        ({"wins": 2, "losses": 2, "n_items": 3}, "n_items is 3; allowed: whole numbers from 4 up"),
        ({"wins": 0, "losses": 0, "n_items": 0}, "n_items is 0; allowed: whole numbers from 1 up"),
    ],
)
def test_impossible_counts_are_refused(arguments: dict[str, int], sentence: str) -> None:
    with pytest.raises(StatisticsError) as caught:
        Pairs(**arguments)
    assert str(caught.value) == sentence
    assert isinstance(caught.value, SearchError)


def test_runs_on_different_items_are_refused() -> None:
    with pytest.raises(StatisticsError, match="treatment has 2 items and the baseline 3"):
        Pairs.of([True, False], [True, False, True])
