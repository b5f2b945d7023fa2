"""Counts of pairs."""

from __future__ import annotations

import pytest

from search.errors import SearchError
from search.statistics import Pairs, StatisticsError


def test_a_hand_counted_cell() -> None:
    pairs = Pairs(wins=2, losses=1, n_items=5)
    assert (pairs.discordant, pairs.net, pairs.delta_pp, pairs.discordance) == (3, 1, 20.0, 0.6)


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
