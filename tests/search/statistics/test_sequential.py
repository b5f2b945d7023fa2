"""Seeds one by one: how often it decides wrongly, and how soon it decides rightly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from search.statistics.errors import StatisticsError
from search.statistics.sequential import BETTER, WORSE, sequential_verdict

NOISE = 0.93  # pp: four benchmarks of the paper's sizes
SEEDS = 40
STUDIES = 1_000
Shape = Callable[[np.random.Generator], Any]

SHAPES: dict[str, Shape] = {
    "normal": lambda rng: rng.normal(0, NOISE, SEEDS),
    "wider than the items say": lambda rng: rng.normal(0, 2.5 * NOISE, SEEDS),
    "skewed to the right": lambda rng: NOISE * (rng.exponential(1, SEEDS) - 1),
    "skewed to the left": lambda rng: NOISE * (1 - rng.exponential(1, SEEDS)),
    "very skewed": lambda rng: NOISE * (rng.lognormal(0, 1, SEEDS) - np.exp(0.5)) / 2.16,
    "skewed and wider": lambda rng: 2.5 * NOISE * (rng.exponential(1, SEEDS) - 1),
    "whole items with ties": lambda rng: 0.5 * np.round(rng.normal(0, 1.4, SEEDS)),
    "nearly always 0": lambda rng: rng.choice([-1.0, 0.0, 0.0, 0.0, 0.0, 1.0], SEEDS),
    "heavy tails": lambda rng: rng.standard_t(2, SEEDS),
    "two seeds in three a little up": lambda rng: rng.choice([0.5, 0.5, -1.0], SEEDS),
}


def decided(shape: Shape, *, level: float = 0.05) -> list[tuple[str | None, int]]:
    """The decision of each simulated study, looked at after every seed."""
    rng = np.random.default_rng(3)
    found = [
        sequential_verdict(shape(rng).tolist(), level=level, noise_pp=NOISE) for _ in range(STUDIES)
    ]
    return [(verdict.decision, verdict.seeds) for verdict in found]


@pytest.mark.parametrize("name", SHAPES)
def test_a_configuration_worth_nothing_is_seldom_decided(name: str) -> None:
    wrong = np.mean([decision is not None for decision, _ in decided(SHAPES[name])])
    assert wrong <= 0.05


def test_one_point_is_found_nearly_always_and_half_a_point_mostly() -> None:
    one = decided(lambda rng: rng.normal(1.0, NOISE, SEEDS))
    assert np.mean([decision == BETTER for decision, _ in one]) > 0.98
    assert np.mean([seeds for _, seeds in one]) < 23
    half = decided(lambda rng: rng.normal(0.5, NOISE, SEEDS))
    assert np.mean([decision == BETTER for decision, _ in half]) > 0.55
    worse = decided(lambda rng: rng.normal(-1.0, NOISE, SEEDS))
    assert np.mean([decision == WORSE for decision, _ in worse]) > 0.98


def test_the_bets_by_hand() -> None:
    found = sequential_verdict([1.5, -4.5, 9.0], level=0.05, noise_pp=1.0)
    # Bounds 3, 3 and 3 sd(1.5, -4.5) = 12.73: moves 1/2, -1 (cut) and 0.7071.
    last = 9 / (3 * 18**0.5)
    up = 1.25 * 0.5 * (1 + last / 2) + 1.49 * 0.02 * (1 + 0.98 * last)
    down = 0.75 * 1.5 * (1 - last / 2) + 0.51 * 1.98 * (1 - 0.98 * last)
    assert (found.up, found.down) == pytest.approx((up / 2, down / 2))
    assert (found.decision, found.seeds, found.needed) == (None, 3, 40.0)
    assert found.p == 1.0


def test_what_is_decided_stays_decided() -> None:
    first = sequential_verdict([3.0] * 8, level=0.05, noise_pp=1.0)
    assert first.decision == BETTER
    assert first.p <= 0.05
    later = sequential_verdict([3.0] * 8 + [-30.0] * 20, level=0.05, noise_pp=1.0)
    assert (later.decision, later.seeds) == (BETTER, first.seeds)


def test_before_any_seed_nothing_is_known() -> None:
    found = sequential_verdict([], level=0.1, noise_pp=1.0)
    assert (found.decision, found.seeds, found.up, found.down, found.p) == (None, 0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"level": 0.0}, "level is 0.0"),
        ({"level": 1.0}, "level is 1.0"),
        ({"noise_pp": 0.0}, "noise is 0.0 pp"),
        ({"noise_pp": float("nan")}, "noise is nan pp"),
        ({"deltas": [1.0, float("inf")]}, "delta is inf"),
    ],
)
def test_bad_numbers_are_refused(keys: dict[str, Any], match: str) -> None:
    asked = {"deltas": [1.0], "level": 0.05, "noise_pp": 1.0, **keys}
    with pytest.raises(StatisticsError, match=match):
        sequential_verdict(asked.pop("deltas"), **asked)
