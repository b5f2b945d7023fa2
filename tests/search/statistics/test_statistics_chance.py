"""The analytic chance rate against enumeration and simulation."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.statistics import StatisticsError, chance_from_rates

CERTAIN = 1.0  # every item is discordant


@pytest.mark.parametrize("discordant", range(1, 13))
def test_a_cell_by_enumerating_every_fall_of_its_items(discordant: int) -> None:
    falls = [sum(signs) for signs in product([-1, 1], repeat=discordant)]
    found = chance_from_rates({"a": (discordant, CERTAIN)})
    assert found.rate == pytest.approx(sum(net >= 0 for net in falls) / len(falls))


def test_four_fair_cells_without_ties_are_all_right_in_one_of_sixteen() -> None:
    odd = {"a": 39, "b": 101, "c": 47, "d": 1}  # no tie is possible
    found = chance_from_rates({name: (number, CERTAIN) for name, number in odd.items()})
    assert found.rate == pytest.approx(1 / 16)
    assert found.kind == "analytic"


@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.tuples(st.integers(1, 300), st.integers(0, 100).map(lambda n: n / 100)),
        min_size=1,
    )
)
def test_ties_only_ever_raise_it(cells: dict[str, tuple[int, float]]) -> None:
    found = chance_from_rates(cells)
    assert found.rate == pytest.approx(prod(found.cells.values()))
    assert 0.5 ** len(cells) <= found.rate * (1 + 1e-9)
    assert found.rate <= 1 + 1e-9


def test_a_run_that_differs_nowhere_is_g1_by_construction() -> None:
    assert chance_from_rates({"a": (10, 0.0), "b": (3, 0.0)}).rate == pytest.approx(1)


def test_from_a_rate_by_simulating_exchangeable_runs() -> None:
    cells = {"a": (40, 0.2), "b": (15, 0.1)}
    rng = np.random.default_rng(7)
    draws = 40_000
    held = np.ones(draws, dtype=bool)
    for n_items, rate in cells.values():
        signs = rng.choice([1, -1, 0], p=[rate / 2, rate / 2, 1 - rate], size=(draws, n_items))
        held &= signs.sum(axis=1) >= 0
    assert chance_from_rates(cells).rate == pytest.approx(held.mean(), abs=0.008)  # 3 sigma


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: chance_from_rates({"a": (10, 1.2)}), "discordance is 1.2"),
        (lambda: chance_from_rates({"a": (0, 0.2)}), "n_items is 0"),
        (lambda: chance_from_rates({}), "cells is 0"),
    ],
)
def test_bad_input_is_refused(call: object, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        call()  # type: ignore[operator]
