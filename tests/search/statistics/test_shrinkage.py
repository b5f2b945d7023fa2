"""Shrunken means: their intervals cover, and a probability of 0.2 happens in a fifth of cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.statistics.shrinkage import shrunken_means
from search.statistics.variance import DeltaTable, MeanSquares, delta_table

ITEMS = np.array((198, 500, 500, 400))
CELLS = len(ITEMS)
CONFIGURATIONS = 12
NOISE = 1e4 * 0.12 / ITEMS  # pp squared, of a run: 12% of the items discordant
STUDIES = 60
FRESH = 20


def table_of(deltas: Any) -> DeltaTable:
    """A table of which only the deltas matter: with two seeds or more the items are not asked."""
    nothing = MeanSquares(np.zeros((CELLS, CELLS)), seed=None, both=None)
    return DeltaTable(
        deltas, nothing, np.zeros(CELLS), np.zeros((len(deltas), CELLS)), steps=100 / ITEMS
    )


class World:
    """Studies of configurations with normal effects, deltas in whole items."""

    def __init__(self, *, seeds: int, seed_share: float, correlation: float) -> None:
        self.rng = np.random.default_rng(11)
        matrix = np.full((CELLS, CELLS), correlation) + (1 - correlation) * np.eye(CELLS)
        self.root = np.linalg.cholesky(matrix).T
        noise = float(NOISE.mean())
        self.configuration = noise * 3 / 7
        self.seed = seed_share / (1 - seed_share) * (noise + self.configuration)
        self.seeds = seeds

    def study(self) -> tuple[Any, Any, Any]:
        """Deltas [I, S, C], each configuration's true mean, its share of G1 at fresh seeds."""
        worth = 0.2 + self.correlated(CONFIGURATIONS, 1, variance=self.configuration)
        measured = self.measure(worth, self.seeds)
        fresh = (self.measure(worth, FRESH) > -1e-9).all(axis=2).mean(axis=1)
        return measured, worth.mean(axis=(1, 2)), fresh

    def measure(self, worth: Any, seeds: int) -> Any:
        luck = self.rng.normal(size=(CONFIGURATIONS, seeds, CELLS)) * NOISE**0.5
        latent = worth + self.correlated(1, seeds, variance=self.seed) + luck
        return np.round(latent * ITEMS / 100) * 100 / ITEMS

    def correlated(self, *shape: int, variance: float) -> Any:
        return self.rng.normal(size=(*shape, CELLS)) @ self.root * variance**0.5


def many(**keys: Any) -> dict[str, Any]:
    """Over many studies: shares of intervals that cover, forecasts and what became of them."""
    world = World(**keys)
    covered, champions, forecasts, became = [], [], [], []
    for _ in range(STUDIES):
        deltas, worth, fresh = world.study()
        means = shrunken_means(table_of(deltas)).means
        inside = [m.interval[0] <= w <= m.interval[1] for m, w in zip(means, worth, strict=True)]
        covered.append(np.mean(inside))
        champions.append(inside[int(np.argmax([m.observed for m in means]))])
        forecasts += [m.g1_at_fresh_seed for m in means]
        became += list(fresh)
    return {
        "covered": float(np.mean(covered)),
        "champions": float(np.mean(champions)),
        "forecasts": np.array(forecasts),
        "became": np.array(became),
    }


@pytest.fixture(scope="module")
def worlds() -> dict[tuple[float, float], dict[str, Any]]:
    """Five seeds, over how much of the variance is the seed's, cells apart and together."""
    return {
        (share, correlation): many(seeds=5, seed_share=share, correlation=correlation)
        for share in (0.0, 0.25, 0.5, 0.75, 0.9)
        for correlation in (0.0, 0.5)
    }


def test_intervals_cover_as_often_as_they_say(worlds: dict[Any, dict[str, Any]]) -> None:
    covered = [world["covered"] for world in worlds.values()]
    assert 0.93 <= np.mean(covered) <= 0.97
    # One world's share is of 60 studies that each share an error: two to three percent of noise.
    assert min(covered) >= 0.90


def test_the_champion_was_chosen_and_is_covered_all_the_same(
    worlds: dict[Any, dict[str, Any]],
) -> None:
    assert 0.93 <= np.mean([world["champions"] for world in worlds.values()]) <= 0.975


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_a_forecast_happens_as_often_as_it_says(
    worlds: dict[Any, dict[str, Any]], correlation: float
) -> None:
    """Where seeds are at most a quarter of the variance; see the next test for the others."""
    chosen = [worlds[share, correlation] for share in (0.0, 0.25)]
    forecasts = np.concatenate([world["forecasts"] for world in chosen])
    became = np.concatenate([world["became"] for world in chosen])
    for low, high in ((0.0, 0.05), (0.05, 0.15), (0.15, 1.0)):
        inside = (forecasts >= low) & (forecasts < high)
        assert inside.sum() >= 100
        assert abs(forecasts[inside].mean() - became[inside].mean()) < 0.06


def test_where_seeds_are_nearly_all_a_forecast_is_right_on_average(
    worlds: dict[Any, dict[str, Any]],
) -> None:
    for share in (0.5, 0.75, 0.9):
        for correlation in (0.0, 0.5):
            world = worlds[share, correlation]
            assert abs(world["forecasts"].mean() - world["became"].mean()) < 0.06


def test_two_seeds_are_told_with_t_and_still_cover() -> None:
    for share in (0.0, 0.9):
        found = many(seeds=2, seed_share=share, correlation=0.5)
        assert found["covered"] >= 0.93


def test_the_best_of_equals_shrinks_to_the_rest() -> None:
    rng = np.random.default_rng(2)
    found = shrunken_means(table_of(rng.normal(0, 1, (40, 3, CELLS))))
    best = max(found.means, key=lambda mean: mean.observed)
    assert best.observed > 0.4
    assert abs(best.shrunken) < 0.5 * best.observed
    assert found.kept is not None
    assert found.kept < 0.4


def test_what_is_no_luck_is_kept() -> None:
    worth = np.linspace(-6, 6, 20)[:, None, None]
    noise = np.random.default_rng(4).normal(0, 0.1, (20, 3, CELLS))
    found = shrunken_means(table_of(worth + noise))
    assert found.kept is not None
    assert found.kept > 0.99
    assert found.means[-1].shrunken == pytest.approx(6, abs=0.2)
    assert found.means[-1].g1_at_fresh_seed == 1.0
    assert found.means[0].g1_at_fresh_seed == 0.0


def test_one_seed_tells_of_that_seed_alone_and_covers_it() -> None:
    rng = np.random.default_rng(9)
    covered = []
    for _ in range(80):
        worth = rng.normal(1.0, 1.5, 15)
        uniform = rng.random((15, 1, 400))
        shift = worth[:, None, None] / 100
        paired = (uniform < (0.2 + shift) / 2).astype(np.int8)
        paired -= (uniform > 1 - (0.2 - shift) / 2).astype(np.int8)
        found = shrunken_means(delta_table([paired]))
        assert found.reason is not None
        assert found.reason.startswith("one seed: the value and its interval are of this seed")
        covered += [
            mean.interval[0] <= true <= mean.interval[1]
            for mean, true in zip(found.means, worth, strict=True)
        ]
    assert found.means[0].g1_at_fresh_seed is None
    assert 0.93 <= np.mean(covered) <= 0.97


def test_too_few_configurations_say_so() -> None:
    found = shrunken_means(table_of(np.zeros((3, 2, CELLS))))
    assert (found.means, found.kept) == ((), None)
    assert found.reason == (
        "3 configurations; at least 4 are needed to say how far they differ from each other"
    )
