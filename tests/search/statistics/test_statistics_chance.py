"""The analytic chance rate against enumeration and simulation."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.statistics import (
    StatisticsError,
    cell_chance,
    chance_from_rates,
    chance_over_runs,
    chance_rate,
)


@pytest.mark.parametrize("discordant", range(0, 13))
def test_a_cell_by_enumerating_every_fall_of_its_items(discordant: int) -> None:
    falls = [sum(signs) for signs in product([-1, 1], repeat=discordant)]
    assert cell_chance(discordant) == pytest.approx(sum(net >= 0 for net in falls) / len(falls))


def test_four_fair_cells_without_ties_are_all_right_in_one_of_sixteen() -> None:
    found = chance_rate({"a": 39, "b": 101, "c": 47, "d": 1})  # odd: no tie is possible
    assert found.rate == pytest.approx(1 / 16)
    assert found.kind == "analytic"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 300), min_size=1))
def test_ties_only_ever_raise_it(discordant: dict[str, int]) -> None:
    found = chance_rate(discordant)
    assert found.rate == pytest.approx(prod(found.cells.values()))
    assert 0.5 ** len(discordant) <= found.rate * (1 + 1e-9)
    assert found.rate <= 1


def test_a_run_that_differs_nowhere_is_g1_by_construction() -> None:
    assert chance_rate({"a": 0, "b": 0}).rate == 1


def test_the_mean_over_runs_is_not_the_product_of_the_means() -> None:
    runs = [{"a": 0, "b": 0}, {"a": 1, "b": 1}]
    found = chance_over_runs(runs)
    assert found.rate == pytest.approx((1 + 0.25) / 2)
    assert found.cells == {"a": 0.75, "b": 0.75}
    assert found.runs == 2


def test_from_a_rate_by_simulating_exchangeable_runs() -> None:
    cells = {"a": (40, 0.2), "b": (15, 0.1)}
    rng = np.random.default_rng(7)
    draws = 40_000
    held = np.ones(draws, dtype=bool)
    for n_items, rate in cells.values():
        signs = rng.choice([1, -1, 0], p=[rate / 2, rate / 2, 1 - rate], size=(draws, n_items))
        held &= signs.sum(axis=1) >= 0
    assert chance_from_rates(cells).rate == pytest.approx(held.mean(), abs=0.008)  # 3 sigma


def test_two_trained_models_of_one_recipe() -> None:
    """Items of unequal difficulty: discordance alone sets the rate, whatever causes it."""
    rng = np.random.default_rng(5)
    difficulty = rng.beta(0.6, 0.4, size=60)
    runs, baselines = (rng.random((30_000, 60)) < difficulty for _ in range(2))
    held = (runs.sum(axis=1) >= baselines.sum(axis=1)).mean()
    discordant = (runs != baselines).sum(axis=1)
    found = chance_over_runs([{"a": int(d)} for d in discordant[:3_000]])
    assert found.rate == pytest.approx(held, abs=0.012)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: cell_chance(-1), "discordant is -1"),
        (lambda: chance_over_runs([]), "runs is 0"),
        (lambda: chance_rate({}), "at least one"),
        (lambda: chance_over_runs([{"a": 1}, {"b": 1}]), "the same cells"),
        (lambda: chance_from_rates({"a": (10, 1.2)}), "discordance is 1.2"),
        (lambda: chance_from_rates({}), "cells is 0"),
    ],
)
def test_bad_input_is_refused(call: object, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        call()  # type: ignore[operator]
