"""Replays on tables whose answers are known."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pytest
from replay import ReplayTable, identify, is_g1, replay
from replay import space_of as table_space
from small_spaces import EXAMPLE_AXES, SMALL_AXES, space_of
from stored_studies import NAME, seed_study

from search.driving.optuna_record import TrialResult
from search.errors import ReplayError
from search.study.designs import enumerated
from storage import AuditStore, Run

SPACE = space_of(EXAMPLE_AXES)
SAMPLERS = ("grid", "random", "qmc", "tpe", "nsga2")
BEST = SPACE.point(97)


def likeness(configuration: dict[str, object]) -> int:
    """How many axes have the best point's value."""
    return sum(configuration[axis] == BEST[axis] for axis in BEST)


def result(configuration: dict[str, object]) -> TrialResult:
    """The nearer the best point the better; only the best point and its neighbours are G1."""
    worst = likeness(configuration) - 5.0
    return TrialResult(
        configuration_id=identify(configuration),
        configuration=configuration,
        worst_deltas={"a": worst, "b": 3.0},
        mean_delta=(worst + 3.0) / 2,
    )


def table_of(indices: range) -> ReplayTable:
    results = [result(SPACE.point(index)) for index in indices]
    return ReplayTable(SPACE, {r.configuration_id: r for r in results})


TABLE = table_of(range(SPACE.size))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_budget_for_everything_finds_everything_once(sampler: str) -> None:
    small = space_of(SMALL_AXES)
    results = [replace(result(small.point(i)), mean_delta=float(i)) for i in range(small.size)]
    table = ReplayTable(small, {r.configuration_id: r for r in results})
    done = replay(table, sampler=sampler, budget=1000, seed=3)
    assert len(done.g1_found) == small.size
    assert done.g1_found[-1] == table.num_g1
    assert done.best_mean[-1] == small.size - 1


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_is_found_only_grows_and_a_seed_is_a_replay(sampler: str) -> None:
    done = replay(TABLE, sampler=sampler, budget=25, seed=1)
    assert done == replay(TABLE, sampler=sampler, budget=25, seed=1)
    assert done != replay(TABLE, sampler=sampler, budget=25, seed=2)
    assert (len(done.g1_found), done.sampler, done.seed) == (25, sampler, 1)
    assert list(done.g1_found) == sorted(done.g1_found)
    assert list(done.best_mean) == sorted(done.best_mean)
    found_at = next((i for i, count in enumerate(done.g1_found) if count), 25)
    assert [mean is None for mean in done.champion_mean] == [i < found_at for i in range(25)]


def test_random_is_the_design_of_a_study_run_by_run() -> None:
    done = replay(TABLE, sampler="random", budget=40, seed=7)
    points = enumerated(SPACE, sampler="random", limit=SPACE.size, seed=7)[:40]
    assert done.g1_found == tuple(accumulate(is_g1(result(point)) for point in points))


def test_grid_takes_the_same_points_as_random_in_the_grids_order() -> None:
    grid = replay(TABLE, sampler="grid", budget=60, seed=7)
    assert grid.g1_found[-1] == replay(TABLE, sampler="random", budget=60, seed=7).g1_found[-1]
    points = enumerated(SPACE, sampler="grid", limit=60, seed=7)
    assert grid.g1_found[-1] == sum(is_g1(result(point)) for point in points)


def test_how_many_are_g1_and_how_much_of_the_space_was_run() -> None:
    neighbours = [p for p in map(SPACE.point, range(SPACE.size)) if likeness(p) >= 5]
    assert TABLE.num_g1 == len(neighbours)
    assert TABLE.coverage == 1


@pytest.mark.parametrize(("sampler", "budget"), [("tpe", 25), ("nsga2", 60)])
def test_an_adaptive_sampler_learns_where_there_is_something_to_learn(
    sampler: str, budget: int
) -> None:
    def found(name: str) -> float:
        done = [replay(TABLE, sampler=name, budget=budget, seed=seed) for seed in range(4)]
        return sum(one.g1_found[-1] for one in done) / 4

    assert found(sampler) > 1.3 * found("random")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_point_that_was_not_run_is_never_run(sampler: str) -> None:
    half = table_of(range(0, SPACE.size, 2))
    assert half.coverage == 0.5
    assert len(half.not_run()) == SPACE.size // 2
    done = replay(half, sampler=sampler, budget=30, seed=0)
    assert len(done.g1_found) == 30
    assert done.best_mean[-1] <= max(r.mean_delta or 0 for r in half.results.values())


def test_what_is_refused() -> None:
    with pytest.raises(ReplayError, match=r"sampler 'tpi' is not there; allowed: .*mean tpe"):
        replay(TABLE, sampler="tpi", budget=1, seed=0)
    with pytest.raises(ReplayError, match="a budget of 0 runs is none"):
        replay(TABLE, sampler="tpe", budget=0, seed=0)
    with pytest.raises(ReplayError, match="no completed treatment"):
        ReplayTable.from_runs([])


def test_the_space_of_a_table_is_the_product_of_its_values() -> None:
    space = table_space([SPACE.point(index) for index in range(SPACE.size)])
    assert [sorted(map(str, f)) for f in space.factors] == [
        sorted(map(str, factor)) for factor in SPACE.factors
    ]
    assert table_space([SPACE.point(0), SPACE.point(SPACE.size - 1)]).size == 2**5


class TestFromRuns:
    @pytest.fixture
    def runs(self, store: AuditStore, tmp_path: Path) -> list[Run]:
        seed_study(store, tmp_path / "artifacts")
        return list(store.runs.iterate(NAME))

    def test_a_studys_runs(self, runs: list[Run]) -> None:
        table = ReplayTable.from_runs(run for run in runs if run.backbone == "backbone-0")
        assert [r.worst_deltas for r in table.results.values()] == [
            {"tiny_choice": 0.0, "tiny_arithmetic": 25.0, "tiny_algebra": 0.0, "tiny_code": 0.0},
            {
                "tiny_choice": 25.0,
                "tiny_arithmetic": -25.0,
                "tiny_algebra": 25.0,
                "tiny_code": 25.0,
            },
        ]
        assert [r.mean_delta for r in table.results.values()] == [6.25, 12.5]
        assert (table.num_g1, table.space.size, table.num_left_out) == (1, 2, 0)
        done = replay(table, sampler="tpe", budget=9, seed=0)
        assert (done.g1_found[-1], done.best_mean[-1], done.champion_mean[-1]) == (1, 12.5, 6.25)

    def test_seeds_of_a_configuration_are_one_trial(self, runs: list[Run]) -> None:
        first, second = (run for run in runs if run.backbone == "backbone-0" and run.configuration)
        twin = replace(second, configuration=first.configuration, seed=43)
        table = ReplayTable.from_runs([first, twin])
        (only,) = table.results.values()
        assert only.mean_delta == (6.25 + 12.5) / 2
        assert only.worst_deltas is not None
        assert only.worst_deltas["tiny_arithmetic"] == -25.0
        assert only.worst_deltas["tiny_choice"] == 0.0

    def test_runs_that_cannot_be_used(self, runs: list[Run]) -> None:
        with pytest.raises(ReplayError, match="one host's; these runs are of stored/backbone-0/"):
            ReplayTable.from_runs(runs)
        first, second = (run for run in runs if run.backbone == "backbone-0" and run.configuration)
        unscored = replace(second, mean_delta=None, g1=None)
        assert ReplayTable.from_runs([first, unscored]).num_left_out == 1
        early = replace(second, mean_delta=None, g1=False)
        with pytest.raises(ReplayError, match="1 of 2 treatments ended early"):
            ReplayTable.from_runs([first, early])
