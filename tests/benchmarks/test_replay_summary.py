"""Replays summarised over seeds."""

from __future__ import annotations

import pytest
from replay import Replay, replay
from replay_summary import compare_samplers, summarise
from test_replay import TABLE


def test_a_summary_by_hand() -> None:
    replays = [
        Replay("random", 0, (0, 1), (1.0, 3.0), (None, 3.0)),
        Replay("random", 1, (0, 0), (2.0, 5.0), (None, None)),
        Replay("random", 2, (1, 2), (4.0, 4.0), (4.0, 4.0)),
    ]
    after_two = summarise(replays, runs=2)
    assert (after_two.runs, after_two.seeds, after_two.sampler) == (2, 3, "random")
    assert (after_two.g1_mean, after_two.g1_sd, after_two.g1_per_run) == (1.0, 1.0, 0.5)
    assert (after_two.g1_low, after_two.g1_high) == (pytest.approx(0.1), pytest.approx(1.9))
    assert (after_two.best_mean, after_two.champion_mean) == (4.0, 3.5)
    assert after_two.with_champion == pytest.approx(2 / 3)
    assert summarise(replays[:2], runs=1).champion_mean is None
    assert summarise(replays[:1], runs=1).g1_sd == 0.0


def test_random_finds_g1_at_the_tables_rate() -> None:
    (row,) = compare_samplers(TABLE, seeds={"random": range(50)}, after=[60])
    expected = 60 * TABLE.num_g1 / len(TABLE.results)
    assert row.seeds == 50
    assert abs(row.g1_mean - expected) < 4 * row.g1_sd / 50**0.5


def test_rows_by_sampler_and_runs_and_no_more_runs_than_there_are() -> None:
    rows = list(
        compare_samplers(TABLE, seeds={"grid": [3], "nsga2": [0, 1]}, after=[30, 10, 10**6])
    )
    assert [(row.sampler, row.runs, row.seeds) for row in rows] == [
        ("grid", 10, 1),
        ("grid", 30, 1),
        ("nsga2", 10, 2),
        ("nsga2", 30, 2),
    ]
    for row in rows[:2]:  # a grid of so many runs, not the beginning of a larger one
        done = replay(TABLE, sampler="grid", budget=row.runs, seed=3)
        assert row.g1_mean == done.g1_found[-1]
