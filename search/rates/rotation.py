"""The rotation test of one row: which runs it takes, why there is none, and what it says.

Owns: the choice of runs (all completed treatments of a baseline, evaluated in full), the
combination over a host's baselines, and the sentence. Does not cover: the arithmetic
(``search.statistics.rotation``).
"""

from __future__ import annotations

from collections.abc import Sequence

from search.rates.baseline_groups import BaselineGroup
from search.rates.g1_row import DistinctRotation, Rotation
from search.statistics import (
    CombinedRotation,
    combine_rotations,
    over_baselines,
    rotation_test,
)

LEVEL = 0.05
FEWEST = 19  # 1 / (19 + 1) = 5%


def rotation_of(groups: Sequence[BaselineGroup]) -> Rotation | str:
    """The test over the baselines' groups, or the reason why there is none."""
    early = sum(group.ended_early for group in groups)
    if early:
        runs = early + sum(len(group.runs) for group in groups)
        return (
            f"No rotation test: {early} of {runs} runs ended early and have no counts of right "
            "answers, and leaving them out would select the others."
        )
    tested = [group for group in groups if group.runs]
    if not tested:
        return "No rotation test: no run with a baseline was evaluated in full."
    whole = combine_rotations([rotation_test(group.counts) for group in tested])
    distinct = _distinct(tested)
    return Rotation(
        runs=whole.runs,
        baselines=whole.tests,
        g1_p=whole.g1_p,
        strict_p=whole.strict_p,
        exchangeable=over_baselines([group.law for group in tested]),
        distinct=distinct,
        sentence=_sentence(whole, distinct),
    )


def _distinct(groups: Sequence[BaselineGroup]) -> DistinctRotation | None:
    """None where every run is distinct."""
    kept = [group.distinct for group in groups]
    if sum(map(len, kept)) == sum(len(group.runs) for group in groups):
        return None
    found = combine_rotations(
        [
            rotation_test(group.counts[[0, *(row + 1 for row in rows)]])
            for group, rows in zip(groups, kept, strict=True)
        ]
    )
    return DistinctRotation(found.runs, found.g1_p, found.strict_p)


def _sentence(whole: CombinedRotation, distinct: DistinctRotation | None) -> str:
    """The rotation test in words."""
    if whole.tests == 1:
        rows = whole.runs + 1
        said = (
            f"With each of the {rows} runs in turn as the baseline, the G1 rate is at least as "
            f"high {round(whole.g1_p * rows)} of {rows} times: rotation test p = {whole.g1_p:.2g} "
            f"(strict G1 {whole.strict_p:.2g})."
        )
    else:
        said = (
            f"With each run in turn as the baseline at each of {whole.tests} seeds: rotation test "
            f"p = {whole.g1_p:.2g} (strict G1 {whole.strict_p:.2g}), combined by Fisher's method."
        )
    if whole.tests == 1 and whole.runs < FEWEST:
        said += f" Fewer than {FEWEST} runs cannot reach p = {LEVEL}."
    if distinct is not None:
        said += (
            f" Only {distinct.runs} of the {whole.runs} runs are distinct, the others nearly "
            f"repeat them; over the distinct ones p = {distinct.g1_p:.2g} (strict G1 "
            f"{distinct.strict_p:.2g})."
        )
    return said
