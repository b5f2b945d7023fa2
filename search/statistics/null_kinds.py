"""Null runs by kind, beside the runs they are to be compared with.

Owns: what is shown of a kind of null runs (never pooled with another kind), whether it may be
tested against, and the one wording of the test's sentence, with its direction taken from the counts
it was computed on.

A null run stands for "nothing but a disturbance". That is a reference only where it disturbs as
much as the treatments do. A kind is *matched* where

    the medians of discordant items are within a factor of ``FACTOR``, and
    runs of the two do not differ in discordance (Mann-Whitney, two-sided p > ``DIFFERENT``)

The second is needed: null runs of another seed that share 3/4 of their noise with the treatments
differ in the medians by 1.16 only, and Fisher's test against 50 of them rejected a true null in 13
to 16% of simulated studies of 200 runs. With both conditions a test is printed and rejects in at
most 5% of studies at every share of seed variance (``benchmarks/statistics_size.py``).
Does not cover: the test's arithmetic (``stratified``), nor runs that ended early: they have no
discordance, and no test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from scipy.stats import mannwhitneyu

from search.statistics.errors import StatisticsError, at_least
from search.statistics.stratified import StratifiedTest, Stratum, stratified_test

FACTOR = 1.5
DIFFERENT = 0.05
PREFERRED = ("jitter", "sham", "seed")  # matched by construction first; fixed before any result


@dataclass(frozen=True)
class ComparedRuns:
    """Runs of one baseline: their verdicts and how much they disturb.

    Attributes:
        seed: The baseline's seed.
        g1: Whether each run is G1.
        strict: Whether each run is strict G1.
        discordant: Each run's discordant items, all cells together.
    """

    seed: int
    g1: tuple[bool, ...]
    strict: tuple[bool, ...]
    discordant: tuple[int, ...]

    def __post_init__(self) -> None:
        if not len(self.g1) == len(self.strict) == len(self.discordant):
            raise StatisticsError("every run needs a verdict and its discordant items")
        for count in self.discordant:
            at_least(count, 0, name="discordant")


@dataclass(frozen=True)
class NullKind:
    """One kind of null runs as it is shown; the rate is None where there is no run."""

    kind: str
    runs: int
    g1: int
    strict: int
    rate: float | None
    median_discordance: float | None


@dataclass(frozen=True)
class NullTest:
    """A test against one kind of null runs, with its sentence."""

    kind: str
    test: StratifiedTest
    sentence: str


@dataclass(frozen=True)
class NoTest:
    """Why there is none, in one sentence."""

    reason: str


def null_kind(kind: str, groups: Sequence[ComparedRuns]) -> NullKind:
    """Summarise one kind over its baselines."""
    g1 = [held for group in groups for held in group.g1]
    discordant = _discordant(groups)
    return NullKind(
        kind=kind,
        runs=len(g1),
        g1=sum(g1),
        strict=sum(held for group in groups for held in group.strict),
        rate=sum(g1) / len(g1) if g1 else None,
        median_discordance=float(median(discordant)) if discordant else None,
    )


def null_test(
    treatments: Sequence[ComparedRuns], nulls: Mapping[str, Sequence[ComparedRuns]]
) -> NullTest | NoTest:
    """Test treatments against the first matched kind of ``PREFERRED``, stratified by seed.

    Args:
        treatments: Per baseline, one of each group of near-duplicates.
        nulls: Null runs per kind and baseline.

    Raises:
        StatisticsError: A seed occurs twice.
    """
    known = [kind for kind in PREFERRED if kind in nulls]
    kinds = [*known, *sorted(set(nulls) - set(known))]
    reasons = []
    for kind in kinds:
        ours, theirs = _same_baselines(treatments, nulls[kind])
        reason = unmatched(kind, ours, theirs)
        if reason is None:
            return _tested(kind, ours, theirs)
        reasons.append(reason)
    return NoTest(" ".join(reasons) or "No test against null runs: there are none.")


def unmatched(
    kind: str, treatments: Sequence[ComparedRuns], nulls: Sequence[ComparedRuns]
) -> str | None:
    """Why a kind is no reference for these treatments, in one sentence; None where it is one.

    Args:
        kind: Its name.
        treatments: Treatments of the baselines that both have.
        nulls: Null runs of the same baselines.
    """
    ours, theirs = _discordant(treatments), _discordant(nulls)
    if not ours or not theirs:
        return f"No test against {kind} null runs: none shares a baseline with a treatment."
    mine, other = float(median(ours)), float(median(theirs))
    medians = (
        f"the median {kind} null run differs from its baseline on {other:g} items, the median "
        f"treatment on {mine:g}"
    )
    if not (mine <= FACTOR * other and other <= FACTOR * mine):
        return f"No test against {kind} null runs: {medians}, more than a factor of {FACTOR} apart."
    if mine == other == 0:
        return f"No test against {kind} null runs: {medians}; nothing was disturbed."
    p = _differ(treatments, nulls)
    if p <= DIFFERENT:
        return (
            f"No test against {kind} null runs: {medians}, and the two differ in how much they "
            f"disturb (Mann-Whitney p = {p:.2g})."
        )
    return None


def sentence(kind: str, test: StratifiedTest) -> str:
    """The test in words: the direction is that of the counts it was computed on."""
    counts = (
        f"{test.g1} of {test.runs} treatments against {test.null_g1} of {test.null_runs} "
        f"{kind} null runs"
    )
    where = f" at {len(test.strata)} seeds" if len(test.strata) > 1 else ""
    said = {
        "more": "Treatments are G1 more often than null runs",
        "less": "Treatments are G1 less often than null runs",
        "equal": "Treatments are G1 as often as null runs",
    }[test.direction]
    evidence = "" if test.p <= 0.05 else ", which chance alone could explain"
    return f"{said}{where}: {counts}, exact p = {test.p:.2g}{evidence}."


def _tested(
    kind: str, treatments: Sequence[ComparedRuns], nulls: Sequence[ComparedRuns]
) -> NullTest:
    test = stratified_test(
        [
            Stratum(
                g1=sum(ours.g1),
                runs=len(ours.g1),
                null_g1=sum(theirs.g1),
                null_runs=len(theirs.g1),
                seed=ours.seed,
            )
            for ours, theirs in zip(treatments, nulls, strict=True)
        ]
    )
    return NullTest(kind, test, sentence(kind, test))


def _same_baselines(
    treatments: Sequence[ComparedRuns], nulls: Sequence[ComparedRuns]
) -> tuple[list[ComparedRuns], list[ComparedRuns]]:
    """Both, at the seeds at which both have runs, in the order of seeds."""
    ours, theirs = _by_seed(treatments), _by_seed(nulls)
    both = [seed for seed in sorted(ours) if seed in theirs and ours[seed].g1 and theirs[seed].g1]
    return [ours[seed] for seed in both], [theirs[seed] for seed in both]


def _by_seed(groups: Sequence[ComparedRuns]) -> dict[int, ComparedRuns]:
    found = {group.seed: group for group in groups}
    if len(found) < len(groups):
        raise StatisticsError("a seed occurs twice; allowed: one group of runs per baseline")
    return found


def _discordant(groups: Sequence[ComparedRuns]) -> list[int]:
    return [count for group in groups for count in group.discordant]


def _differ(treatments: Sequence[ComparedRuns], nulls: Sequence[ComparedRuns]) -> float:
    """Two-sided p that runs of one kind disturb more; each baseline's items as they are."""
    ours, theirs = np.array(_discordant(treatments)), np.array(_discordant(nulls))
    if np.ptp(np.concatenate([ours, theirs])) == 0:
        return 1.0
    return float(mannwhitneyu(ours, theirs, alternative="two-sided").pvalue)
