"""Enumerated designs: distinct points, the same for the same seed, and spread as they promise."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from small_spaces import DIRECT, EXAMPLE_AXES, GATE, MIXERS, SMALL_AXES, space_of

from search.study.designs import enumerated
from search.study.file import read_study_file
from search.study.plan import configuration_id
from search.study.space import Space

EXAMPLE = Path(__file__).parents[3] / "examples" / "tiny-lora-grid.yaml"
SPACE = space_of(EXAMPLE_AXES)
PLACE = {configuration_id(SPACE.point(index)): index for index in range(SPACE.size)}


def places(sampler: str, *, limit: int | None, seed: int = 0) -> list[int]:
    """The numbers of a design's points in the example's space."""
    points = enumerated(SPACE, sampler=sampler, limit=limit, seed=seed)
    return [PLACE[configuration_id(point)] for point in points]


class TestGrid:
    @pytest.mark.parametrize("limit", [None, 240, 1000])
    def test_takes_every_point_once_in_order(self, limit: int | None) -> None:
        assert places("grid", limit=limit) == list(range(240))

    def test_that_is_too_large_is_sampled_in_its_own_order(self) -> None:
        found = places("grid", limit=24, seed=3)
        assert len(found) == 24
        assert found == sorted(set(found))
        assert found == places("grid", limit=24, seed=3)
        assert found != places("grid", limit=24, seed=4)

    def test_a_sample_has_no_preferred_points(self) -> None:
        space = space_of({"slots": list(range(1, 11))})
        counts: Counter[int] = Counter()
        for seed in range(1000):
            points = enumerated(space, sampler="grid", limit=3, seed=seed)
            counts.update(point["slots"] for point in points)
        # Each of 10 values is in 3 of 10 samples: 300 of 1,000, standard deviation 14.5.
        assert all(abs(counts[slots] - 300) < 4.5 * 14.5 for slots in range(1, 11))

    def test_the_demo_meets_all_four_mixers(self) -> None:
        file = read_study_file(EXAMPLE)
        space = space_of(file.axes.model_dump())
        points = enumerated(
            space, sampler="grid", limit=file.design.max_runs, seed=file.design.seed
        )
        assert len({configuration_id(point) for point in points}) == 24
        assert {point["mixer"] for point in points} == set(MIXERS)


@pytest.mark.parametrize("sampler", ["random", "qmc"])
class TestSamples:
    def test_are_distinct(self, sampler: str) -> None:
        found = places(sampler, limit=100)
        assert len(set(found)) == len(found) == 100

    def test_are_the_same_for_the_same_seed(self, sampler: str) -> None:
        assert places(sampler, limit=30, seed=7) == places(sampler, limit=30, seed=7)
        assert places(sampler, limit=30, seed=7) != places(sampler, limit=30, seed=8)

    def test_come_in_no_order_of_the_grid(self, sampler: str) -> None:
        found = places(sampler, limit=30)
        assert found != sorted(found)

    @pytest.mark.parametrize("limit", [240, 241, 10_000])
    def test_exhaust_the_space(self, sampler: str, limit: int) -> None:
        assert sorted(places(sampler, limit=limit)) == list(range(240))

    def test_of_one_point_or_of_a_space_of_one(self, sampler: str) -> None:
        assert len(places(sampler, limit=1)) == 1
        assert len(enumerated(space_of({}), sampler=sampler, limit=5, seed=0)) == 1


class TestQuasiRandom:
    SPREAD = space_of(
        {
            "layer": [0, 1, 2, 3],
            "slots": [2, 4, 6, 8],
            "mixer": list(MIXERS),
            "writeback": [GATE, DIRECT],
            "gradient_scale": [1, 500],
        }
    )

    def unevenness(self, sampler: str, seed: int) -> float:
        """Chi-squared of the marginal counts of the axes with four values, 64 points of 256."""
        points = enumerated(self.SPREAD, sampler=sampler, limit=64, seed=seed)
        return sum(
            (count - 16) ** 2 / 16
            for axis in ("layer", "slots", "mixer")
            for count in _counts(points, axis, self.SPREAD)
        )

    def test_the_marginals_are_even(self) -> None:
        for seed in range(5):
            points = enumerated(self.SPREAD, sampler="qmc", limit=64, seed=seed)
            for axis in ("layer", "slots", "mixer"):
                assert all(abs(n - 16) <= 4 for n in _counts(points, axis, self.SPREAD)), seed

    def test_more_even_than_at_random(self) -> None:
        qmc, random = (
            sum(self.unevenness(sampler, seed) for seed in range(10))
            for sampler in ("qmc", "random")
        )
        assert qmc < random / 2

    def test_a_small_space_is_covered_from_few_tries(self) -> None:
        space = space_of(SMALL_AXES)
        points = enumerated(space, sampler="qmc", limit=5, seed=1)
        assert len({configuration_id(point) for point in points}) == 5


def _counts(points: list[dict[str, Any]], axis: str, space: Space) -> list[int]:
    values = {"layer": space.layers, "slots": space.slots, "mixer": space.mixers}[axis]
    counts = Counter(point[axis] for point in points)
    return [counts[value] for value in values]
