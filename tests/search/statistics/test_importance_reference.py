"""Shares beside those of shuffled deltas: noise has no important axis, an effect has."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from search.statistics.errors import StatisticsError
from search.statistics.importance_reference import (
    Reference,
    grid_shares,
    out_of_bag_r2,
    shuffled_reference,
)

GRID = [
    {"layer": layer, "slots": slots, "mixer": mixer}
    for layer, slots, mixer in itertools.product(range(4), (1, 2, 4), ("a", "b"))
]


def shares(points: list[dict[str, Any]], values: Any) -> dict[str, float]:
    found = grid_shares(points, list(values))
    assert found is not None
    return dict(found)


def test_shares_of_a_full_grid_are_exact() -> None:
    """y = layer + 3 [mixer = b]: variances 1.25 and 2.25, nothing else."""
    values = [point["layer"] + 3.0 * (point["mixer"] == "b") for point in GRID]
    found = shares(GRID, values)
    assert found["layer"] == pytest.approx(1.25 / 3.5)
    assert found["mixer"] == pytest.approx(2.25 / 3.5)
    assert found["slots"] == pytest.approx(0)


def test_what_axes_do_only_together_is_in_no_share() -> None:
    values = [
        1.0 if (point["layer"] % 2 == 0) == (point["mixer"] == "a") else -1.0 for point in GRID
    ]
    assert sum(shares(GRID, values).values()) == pytest.approx(0)


def test_what_is_no_full_grid_has_no_exact_shares() -> None:
    values = [float(point["layer"]) for point in GRID]
    assert grid_shares(GRID[1:], values[1:]) is None
    assert grid_shares([*GRID[1:], GRID[1]], values) is None
    assert grid_shares(GRID, [1.0] * len(GRID)) is None


def test_noise_has_an_important_axis_in_five_of_a_hundred_studies() -> None:
    rng = np.random.default_rng(0)
    wrong, above = [], []
    for number in range(150):
        values = rng.normal(size=len(GRID))
        found = shares(GRID, values)
        reference = shuffled_reference(
            values.tolist(), lambda shuffled: shares(GRID, shuffled), shuffles=99, seed=number
        )
        wrong.append(any(reference.is_important(axis, share) for axis, share in found.items()))
        above += [share > reference.points[axis] for axis, share in found.items()]
    assert np.mean(wrong) <= 0.09
    assert np.mean(above) == pytest.approx(0.05, abs=0.03)


def test_an_effect_is_important_and_the_other_axes_are_not() -> None:
    rng = np.random.default_rng(1)
    values = [2.0 * point["layer"] + rng.normal() for point in GRID]
    reference = shuffled_reference(
        values, lambda shuffled: shares(GRID, shuffled), shuffles=199, seed=0
    )
    important = [
        axis for axis, share in shares(GRID, values).items() if reference.is_important(axis, share)
    ]
    assert important == ["layer"]


def test_points_and_factor_by_hand() -> None:
    """Twenty-four draws: the point is the 24th of 24, the excess there 1."""
    ladder = iter(range(1, 25))
    reference = shuffled_reference(
        [0.0] * 5, lambda _: {"layer": next(ladder) / 24}, shuffles=24, seed=0
    )
    assert reference == Reference({"layer": 1.0}, factor=1.0, shuffles=24)
    longer = iter(range(1, 100))
    reference = shuffled_reference(
        [0.0] * 5, lambda _: {"layer": next(longer) / 100}, shuffles=99, seed=0
    )
    assert reference.points["layer"] == pytest.approx(0.95)


def test_the_same_seed_shuffles_the_same() -> None:
    values = np.random.default_rng(5).normal(size=len(GRID)).tolist()
    first, again, other = (
        shuffled_reference(values, lambda v: shares(GRID, v), shuffles=19, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_forest_predicts_effects_and_no_noise() -> None:
    rng = np.random.default_rng(2)
    noise = [out_of_bag_r2(GRID, rng.normal(size=len(GRID)).tolist(), seed=0) for _ in range(5)]
    assert np.mean(noise) < 0
    effect = [5.0 * (point["mixer"] == "b") + rng.normal() for point in GRID]
    assert out_of_bag_r2(GRID, effect, seed=0) > 0.6


def test_bad_input_is_refused() -> None:
    with pytest.raises(StatisticsError, match="shuffles is 18"):
        shuffled_reference([1.0], lambda _: {}, shuffles=18, seed=0)
    with pytest.raises(StatisticsError, match="1 values for 24 points"):
        grid_shares(GRID, [1.0])
    with pytest.raises(StatisticsError, match="points is 0"):
        grid_shares([], [])
    with pytest.raises(StatisticsError, match="every trial has the same value"):
        out_of_bag_r2(GRID, [1.0] * len(GRID), seed=0)
    with pytest.raises(StatisticsError, match="nan"):
        grid_shares(GRID, [float("nan")] * len(GRID))
