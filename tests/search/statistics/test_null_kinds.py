"""Kinds of null runs: which may be tested against, the exact test, and the one wording."""

from __future__ import annotations

from itertools import product
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from search.statistics import (
    ComparedRuns,
    NoTest,
    NullTest,
    StatisticsError,
    Stratum,
    null_kind,
    null_test,
    stratified_test,
)

COUNTS = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))


def stratum(counts: tuple[int, int, int, int]) -> Stratum:
    g1, other, null_g1, null_other = counts
    return Stratum(g1, g1 + other, null_g1, null_g1 + null_other)


@settings(max_examples=60)
@given(COUNTS)
def test_one_stratum_is_fishers_test(counts: tuple[int, int, int, int]) -> None:
    g1, other, null_g1, null_other = counts
    expected = fisher_exact([[g1, null_g1], [other, null_other]]).pvalue
    assert stratified_test([stratum(counts)]).p == pytest.approx(expected)


@settings(max_examples=40)
@given(st.lists(COUNTS, min_size=2, max_size=3))
def test_strata_by_enumerating_every_table(counts: list[tuple[int, int, int, int]]) -> None:
    strata = [stratum(entry) for entry in counts]
    tables = []
    for s in strata:
        total, runs = s.g1 + s.null_g1, s.runs + s.null_runs
        tables.append(
            [
                (k, comb(s.runs, k) * comb(s.null_runs, total - k) / comb(runs, total))
                for k in range(max(0, total - s.null_runs), min(s.runs, total) + 1)
            ]
        )
    law: dict[int, float] = {}
    for chosen in product(*tables):
        k = sum(entry[0] for entry in chosen)
        law[k] = law.get(k, 0.0) + float(np.prod([entry[1] for entry in chosen]))
    observed = law[sum(s.g1 for s in strata)]
    expected = sum(chance for chance in law.values() if chance <= observed * (1 + 1e-7))
    assert stratified_test(strata).p == pytest.approx(expected)


def runs(
    seed: int, *, g1: int, of: int, discordant: int = 20, spread: int = 3, strict: int | None = None
) -> ComparedRuns:
    verdicts = tuple(i < g1 for i in range(of))
    return ComparedRuns(
        seed,
        verdicts,
        tuple(i < (g1 if strict is None else strict) for i in range(of)),
        tuple(discordant + i % spread for i in range(of)),
    )


def test_the_sentence_says_what_its_counts_say() -> None:
    fewer = null_test([runs(0, g1=0, of=60)], {"jitter": [runs(0, g1=20, of=80)]})
    assert isinstance(fewer, NullTest)
    assert fewer.test.p < 1e-5
    assert fewer.sentence == (
        "Treatments are G1 less often than null runs: 0 of 60 treatments against 20 of 80 jitter "
        f"null runs, exact p = {fewer.test.p:.2g}."
    )
    more = null_test([runs(0, g1=30, of=60)], {"jitter": [runs(0, g1=1, of=20)]})
    assert isinstance(more, NullTest)
    assert more.sentence.startswith("Treatments are G1 more often than null runs: 30 of 60")
    equal = null_test([runs(0, g1=5, of=20)], {"sham": [runs(0, g1=10, of=40)]})
    assert isinstance(equal, NullTest)
    assert equal.sentence == (
        "Treatments are G1 as often as null runs: 5 of 20 treatments against 10 of 40 sham null "
        "runs, exact p = 1, which chance alone could explain."
    )


def test_each_stratum_carries_its_four_counts() -> None:
    found = null_test(
        [runs(1, g1=3, of=10), runs(2, g1=4, of=12), runs(3, g1=9, of=10)],
        {"jitter": [runs(2, g1=2, of=9), runs(1, g1=1, of=8)]},
    )
    assert isinstance(found, NullTest)
    assert found.test.counts() == [
        {"g1": 3, "runs": 10, "null_g1": 1, "null_runs": 8, "seed": 1},
        {"g1": 4, "runs": 12, "null_g1": 2, "null_runs": 9, "seed": 2},
    ]
    assert "more often than null runs at 2 seeds: 7 of 22 treatments" in found.sentence
    assert found.test.method == "cochran-mantel-haenszel, exact"


def test_direction_is_that_within_strata() -> None:
    """Simpson: pooled the treatments win, at each seed they lose."""
    found = stratified_test([Stratum(30, 40, 9, 10), Stratum(0, 10, 6, 40)])
    assert found.g1 / found.runs > found.null_g1 / found.null_runs
    assert found.direction == "less"


def test_medians_that_are_too_far_apart_leave_a_reason_with_the_numbers() -> None:
    found = null_test(
        [runs(0, g1=3, of=20, discordant=20)],
        {
            "seed": [runs(0, g1=1, of=9, discordant=70)],
            "sham": [runs(0, g1=8, of=9, discordant=0, spread=2)],
        },
    )
    assert isinstance(found, NoTest)
    assert found.reason == (
        "No test against sham null runs: the median sham null run differs from its baseline on 0 "
        "items, the median treatment on 21, more than a factor of 1.5 apart. No test against seed "
        "null runs: the median seed null run differs from its baseline on 71 items, the median "
        "treatment on 21, more than a factor of 1.5 apart."
    )


def test_a_difference_inside_the_factor_is_seen_too() -> None:
    found = null_test(
        [runs(0, g1=3, of=40, discordant=20)], {"seed": [runs(0, g1=1, of=20, discordant=24)]}
    )
    assert isinstance(found, NoTest)
    assert "differs from its baseline on 25 items, the median treatment on 21" in found.reason
    assert "Mann-Whitney p" in found.reason


def test_kinds_are_never_pooled_and_the_matched_one_comes_first() -> None:
    nulls = {"seed": [runs(0, g1=1, of=9)], "jitter": [runs(0, g1=2, of=9)]}
    found = null_test([runs(0, g1=3, of=20)], nulls)
    assert isinstance(found, NullTest)
    assert (found.kind, found.test.null_runs) == ("jitter", 9)


def test_a_kind_as_it_is_shown() -> None:
    kind = null_kind("sham", [runs(0, g1=3, of=4, strict=1), runs(1, g1=1, of=3, strict=0)])
    assert (kind.runs, kind.g1, kind.strict, kind.rate) == (7, 4, 1, 4 / 7)
    assert kind.median_discordance == 21
    none = null_kind("sham", [])
    assert (none.runs, none.rate, none.median_discordance) == (0, None, None)


def test_nothing_to_test_against() -> None:
    apart = null_test([runs(0, g1=3, of=20)], {"sham": [runs(1, g1=1, of=9)]})
    assert isinstance(apart, NoTest)
    assert "none shares a baseline" in apart.reason
    assert null_test([runs(0, g1=3, of=20)], {}) == NoTest(
        "No test against null runs: there are none."
    )
    still = null_test(
        [runs(0, g1=5, of=5, discordant=0, spread=1)],
        {"sham": [runs(0, g1=5, of=5, discordant=0, spread=1)]},
    )
    assert isinstance(still, NoTest)
    assert "nothing was disturbed" in still.reason


def simulated(rng: Any, *, kind: str, share: float, num_runs: int, num_nulls: int) -> Any:
    """A study without an effect; ``share`` of a run's noise comes from its seed."""
    items = 256
    difficulty, of_seed = 3 * rng.normal(size=items), rng.normal(size=items)

    def trained(n: int, seed_noise: Any) -> Any:
        own = rng.normal(size=(n, items))
        return difficulty + np.sqrt(share) * seed_noise + np.sqrt(1 - share) * own > 0

    base = trained(1, of_seed)[0]
    other = rng.normal(size=(num_nulls, items)) if kind == "seed" else of_seed

    def compared(outcomes: Any) -> ComparedRuns:
        right = outcomes.reshape(len(outcomes), 4, -1).sum(axis=2)
        nets = right - base.reshape(4, -1).sum(axis=1)
        g1 = (nets >= 0).all(axis=1)
        return ComparedRuns(
            0,
            tuple(g1.tolist()),
            tuple((g1 & (nets > 0).any(axis=1)).tolist()),
            tuple((outcomes != base).sum(axis=1).tolist()),
        )

    return [compared(trained(num_runs, of_seed))], {kind: [compared(trained(num_nulls, other))]}


@pytest.mark.parametrize("kind", ["seed", "jitter"])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 0.9])
def test_false_alarms_or_a_reason(kind: str, share: float) -> None:
    """300 studies: a test at 6% false alarms would show more than 10% in one of 1,000 runs."""
    rng = np.random.default_rng(7)
    found = [
        null_test(*simulated(rng, kind=kind, share=share, num_runs=100, num_nulls=30))
        for _ in range(300)
    ]
    printed = [entry for entry in found if isinstance(entry, NullTest)]
    assert sum(entry.test.p <= 0.05 for entry in printed) <= 0.06 * 300
    if kind == "jitter" or share == 0:
        assert len(printed) >= 0.85 * 300  # a matched null is tested against
    if kind == "seed" and share >= 0.5:
        assert len(printed) <= 0.1 * 300


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: stratified_test([]), "strata is 0"),
        (lambda: Stratum(5, 4, 0, 0), "runs is 4"),
        (lambda: Stratum(float("nan"), 4, 0, 0), "g1 is nan"),  # type: ignore[arg-type]
        (lambda: ComparedRuns(0, (True,), (True,), ()), "a verdict and its discordant"),
        (lambda: ComparedRuns(0, (True,), (True,), (-1,)), "discordant is -1"),
        (
            lambda: null_test([runs(0, g1=1, of=2)] * 2, {"sham": [runs(0, g1=1, of=2)]}),
            "a seed occurs twice",
        ),
    ],
)
def test_bad_input_is_refused(call: Any, sentence: str) -> None:
    with pytest.raises(StatisticsError, match=sentence):
        call()
