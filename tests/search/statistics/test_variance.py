"""The split of a host's variance, against worlds whose parts are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search.statistics.errors import StatisticsError
from search.statistics.variance import delta_table, mean_squares, variance_split

CELLS = (150, 250)


def outcomes(latent: Any, rng: np.random.Generator, *, discordance: float = 0.2) -> list[Any]:
    """Paired outcomes [I, S, n] a cell, whose expected deltas are the latent ones, in pp."""
    found = []
    for cell, n_items in enumerate(CELLS):
        shift = np.clip(latent[..., cell, None] / 100, -discordance, discordance)
        uniform = rng.random((*latent.shape[:2], n_items))
        gains = uniform < (discordance + shift) / 2
        losses = uniform > 1 - (discordance - shift) / 2
        found.append(gains.astype(np.int8) - losses.astype(np.int8))
    return found


def test_mean_squares_are_those_of_the_textbook() -> None:
    deltas = np.array([[1.0, 3.0], [2.0, 8.0], [0.0, 4.0]])[..., None]
    found = mean_squares(deltas)
    # Rows 2, 5, 2 about 3; columns 1, 5; what is left 1, -1, -1, 1, 0, 0.
    assert found.configuration[0, 0] == pytest.approx(2 * (1 + 4 + 1) / 2)
    assert found.seed[0, 0] == pytest.approx(3 * (4 + 4) / 1)
    assert found.both[0, 0] == pytest.approx(4 / 2)


def test_each_part_is_found_where_it_was_put() -> None:
    """Averages over worlds: the moments are unbiased up to the parts clipped at zero."""
    rng = np.random.default_rng(7)
    variances = {"configuration": 6.0, "seed": 9.0, "both": 3.0}
    found = []
    for _ in range(60):
        latent = (
            rng.normal(0, variances["configuration"] ** 0.5, (12, 1, 1))
            + rng.normal(0, variances["seed"] ** 0.5, (1, 6, 1))
            + rng.normal(0, variances["both"] ** 0.5, (12, 6, 1))
            + np.zeros(2)
        )
        split = variance_split(delta_table(outcomes(latent, rng)))
        shares = (split.items, split.seed, split.configuration, split.seed_by_configuration)
        assert sum(share or 0 for share in shares) == pytest.approx(100)
        assert split.reason is None
        found.append([share * split.total_pp2 / 100 for share in shares if share is not None])
    items, seed, configuration, both = np.mean(found, axis=0)
    known = sum(1e4 * 0.2 / n_items for n_items in CELLS) / len(CELLS) ** 2
    assert items == pytest.approx(known, rel=0.1)
    assert seed == pytest.approx(9.0, rel=0.2)
    assert configuration == pytest.approx(6.0, rel=0.2)
    assert both == pytest.approx(3.0, rel=0.2)


def test_a_shared_baseline_is_no_noise_of_the_configurations() -> None:
    """Runs and baseline all random: half of a delta's item variance is the baseline's."""
    rng = np.random.default_rng(3)
    right = rng.random((30, 1, 4000)) < 0.5
    baseline = rng.random((1, 1, 4000)) < 0.5
    table = delta_table([right.astype(np.int8) - baseline.astype(np.int8)])
    between = 1e4 * 0.25 / 4000
    assert table.items.configuration[0, 0] == pytest.approx(between, rel=0.05)
    assert table.grand_mean[0] == pytest.approx(between * (1 + 1 / 30), rel=0.05)


def test_cells_that_move_together_are_correlated() -> None:
    rng = np.random.default_rng(5)
    shared = rng.normal(0, 8, (20, 5, 1))
    together = variance_split(delta_table(outcomes(shared + np.zeros(2), rng)))
    apart = variance_split(delta_table(outcomes(rng.normal(0, 8, (20, 5, 2)), rng)))
    assert together.correlation is not None
    assert together.correlation > 0.75
    assert abs(apart.correlation or 0) < 0.25
    assert variance_split(delta_table(outcomes(shared + np.zeros(2), rng)[:1])).correlation is None


def test_one_seed_says_what_it_cannot_split() -> None:
    rng = np.random.default_rng(1)
    split = variance_split(delta_table(outcomes(rng.normal(0, 3, (40, 1, 2)), rng)))
    assert (split.seed, split.configuration, split.seed_by_configuration) == (None, None, None)
    assert split.items is not None
    assert split.unsplit is not None
    assert split.items + split.unsplit == pytest.approx(100)
    assert split.reason is not None
    assert split.reason.startswith("one seed: the luck of its baseline is in every delta alike")


def test_where_nothing_varies_there_are_no_shares() -> None:
    same = np.zeros((3, 2, 10), dtype=np.int8)
    split = variance_split(delta_table([same]))
    assert (split.items, split.total_pp2) == (None, 0.0)
    assert (
        split.reason == "every configuration has the same mean delta at every seed: nothing varies"
    )


@pytest.mark.parametrize(
    ("cells", "match"),
    [
        ([], "cells is 0"),
        ([np.zeros((1, 2, 5), np.int8)], "configurations is 1"),
        ([np.zeros((2, 2, 1), np.int8)], "n_items of a cell is 1"),
        ([np.full((2, 2, 5), 2, np.int8)], "a paired outcome is -1, 0 or 1"),
        ([np.zeros((2, 2, 5), np.int8), np.zeros((3, 2, 5), np.int8)], "same configurations"),
    ],
)
def test_bad_tables_are_refused(cells: list[Any], match: str) -> None:
    with pytest.raises(StatisticsError, match=match):
        delta_table(cells)
