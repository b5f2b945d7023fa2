"""Corrections for many comparisons, against their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.statistics import StatisticsError, benjamini_hochberg, dunnett


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_benjamini_and_hochberg_by_their_step_up_rule(p_values: list[float]) -> None:
    adjusted = benjamini_hochberg(p_values)
    for level in (0.011, 0.0503, 0.317):
        ranked = sorted(p_values)
        passing = [k for k, p in enumerate(ranked, 1) if p <= level * k / len(ranked)]
        bound = ranked[max(passing) - 1] if passing else -1.0
        assert [a <= level for a in adjusted] == [p <= bound for p in p_values]


def test_of_none_none() -> None:
    assert benjamini_hochberg([]) == ()
    assert benjamini_hochberg([0.03]) == (0.03,)


def test_false_alarms_over_a_page_of_values() -> None:
    """20 values, none different: the false discovery rate is the chance of any."""
    rng = np.random.default_rng(0)
    alarms = [min(benjamini_hochberg(rng.random(20).tolist())) <= 0.05 for _ in range(2000)]
    assert np.mean(alarms) <= 0.05 + 0.015


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_dunnett_keeps_its_level_whatever_the_seeds_share(shared: float) -> None:
    """Six neighbours and a centre at 4 seeds, no effect; ``shared`` of the variance is a seed's."""
    rng = np.random.default_rng(1)
    alarms = []
    for _ in range(100):
        seeds = np.sqrt(shared) * rng.normal(size=4)
        deltas = seeds + np.sqrt(1 - shared) * rng.normal(size=(7, 4))
        found = dunnett(
            {str(i): row.tolist() for i, row in enumerate(deltas[1:])}, centre=deltas[0].tolist()
        )
        alarms.append(min(found.p.values()) <= 0.05)
    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def test_dunnett_sees_the_neighbour_that_differs_and_gives_the_same_p_twice() -> None:
    neighbours = {"a": [0.1, -0.2, 0.15, 0.0], "b": [3.0, 3.2, 2.9, 3.1]}
    found = dunnett(neighbours, centre=[0.0, 0.1, -0.1, 0.05])
    assert found == dunnett(neighbours, centre=[0.0, 0.1, -0.1, 0.05])
    assert found.p["b"] < 0.001
    assert found.p["a"] > 0.5
    assert (found.comparisons, found.reason) == (2, None)


def test_no_spread_is_no_test() -> None:
    one = dunnett({"a": [1.0]}, centre=[0.0])
    assert (one.p, one.reason) == ({}, "One seed shows no spread: no test of the neighbours.")
    same = dunnett({"a": [1.0, 1.0]}, centre=[0.0, 0.0])
    assert same.reason == "No configuration's deltas differ between seeds: no spread, no test."


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: benjamini_hochberg([0.5, float("nan")]), "p is nan"),
        (lambda: dunnett({}, centre=[1.0, 2.0]), "no neighbour"),
        (lambda: dunnett({"a": [1.0, float("inf")]}, centre=[1.0, 2.0]), "delta is inf"),
        (lambda: dunnett({"a": [1.0, 2.0]}, centre=[1.0, float("nan")]), "delta is nan"),
    ],
)
def test_bad_input_is_refused(call: Any, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        call()
