"""Mean discordances against counting every pair, and what their ratio says."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from search.statistics import StatisticsError, discordances, distinct_runs


def studies(law: str, *, items: int = 400, runs: int = 40, seed: int = 0) -> tuple[Any, Any]:
    """Items of unequal difficulty; each run answers with noise of its own."""
    rng = np.random.default_rng(seed)
    difficulty = 3 * rng.normal(size=items)

    def trained(n: int) -> Any:
        return difficulty + rng.normal(size=(n, items)) > 0

    if law == "exchangeable":
        return trained(runs), trained(1)[0]
    centre = difficulty > 0
    if law == "centre":
        return centre ^ (rng.random((runs, items)) < 0.05), centre
    shared = rng.normal(size=items)  # "apart": three quarters of the runs' noise is common
    own = 0.5 * rng.normal(size=(runs, items))
    return difficulty + np.sqrt(0.75) * shared + own > 0, trained(1)[0]


def test_against_every_pair() -> None:
    runs, baseline = studies("exchangeable", items=50, runs=7)
    found = discordances(runs, baseline)
    pairs = [int((a != b).sum()) for a, b in combinations(runs, 2)]
    assert found.treatment_treatment == pytest.approx(np.mean(pairs))
    assert found.treatment_baseline == pytest.approx((runs != baseline).sum(axis=1).mean())
    assert (found.runs, found.items) == (7, 50)


@pytest.mark.parametrize("law", ["exchangeable", "centre", "apart"])
@pytest.mark.parametrize("seed", range(10))
def test_the_law_that_made_the_runs_is_the_one_that_is_said(law: str, seed: int) -> None:
    found = discordances(*studies(law, seed=seed))
    assert found.law == law
    assert f"{found.treatment_treatment:.1f} items between two runs" in found.sentence


def test_what_runs_share_of_a_deltas_variance() -> None:
    assert discordances(*studies("exchangeable", items=4000)).shared_variance == pytest.approx(
        0.5, abs=0.04
    )
    assert discordances(*studies("centre", items=4000)).shared_variance == pytest.approx(
        0.05, abs=0.02
    )


def test_never_more_than_twice() -> None:
    baseline = np.zeros(30, dtype=bool)
    runs = np.eye(30, dtype=bool)  # each differs from the baseline on an item of its own
    found = discordances(runs, baseline)
    assert (found.treatment_treatment, found.treatment_baseline) == (2.0, 1.0)
    assert (found.law, found.shared_variance) == ("centre", 0.0)


def test_nothing_to_compare() -> None:
    baseline = np.ones(5, dtype=bool)
    assert discordances(np.ones((3, 5), dtype=bool), baseline).law == "inert"
    one = discordances(np.zeros((1, 5), dtype=bool), baseline)
    assert (one.treatment_treatment, one.law, one.shared_variance) == (None, "unknown", 0.5)
    assert one.sentence == "One run cannot show whether runs differ from each other."


def test_one_of_each_group_and_everyone_where_there_is_none() -> None:
    rng = np.random.default_rng(3)
    difficulty, baseline = 3 * rng.normal(size=400), rng.normal(size=400)
    groups = np.repeat(rng.normal(size=(8, 400)), 5, axis=0)
    close = groups + 0.2 * rng.normal(size=(40, 400))
    assert distinct_runs(difficulty + close > 0, difficulty + baseline > 0) == list(range(0, 40, 5))
    apart, base = studies("exchangeable")
    assert distinct_runs(apart, base) == list(range(40))
    assert distinct_runs(apart[:1], base) == [0]
    assert distinct_runs(np.repeat(apart[:1], 4, axis=0), base) == [0]


@pytest.mark.parametrize(
    ("runs", "baseline", "sentence"),
    [
        (np.zeros((0, 4), dtype=bool), np.zeros(4, dtype=bool), "at least one run"),
        (np.zeros((2, 4), dtype=bool), np.zeros(5, dtype=bool), "the same items"),
        (np.array([[0.5, 1.0]]), np.array([1, 0]), "right or wrong"),
        (np.array([[float("nan"), 1.0]]), np.array([1, 0]), "right or wrong"),
    ],
)
def test_bad_input_is_refused(runs: Any, baseline: Any, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        discordances(runs, baseline)
