"""Samplers side by side on one table: what many seeds found, and how far they spread.

Owns: the summary of replays after given numbers of runs. Spread is over seeds of the sampler on the
same table; it says nothing about another table. Does not cover: a single replay
(``benchmarks.replay``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from replay import Replay, ReplayTable, replay


@dataclass(frozen=True)
class SamplerSummary:
    """One sampler after a number of runs, over seeds.

    Args:
        sampler: Its name in a study file.
        runs: Runs spent.
        seeds: Replays summarised.
        g1_mean: G1 configurations found, mean.
        g1_sd: Their standard deviation over seeds (n - 1); 0 for one seed.
        g1_low: The 5% quantile over seeds.
        g1_high: The 95% quantile over seeds.
        g1_per_run: ``g1_mean`` / ``runs``.
        best_mean: The best mean delta found, in pp, mean over seeds.
        champion_mean: The same among G1 configurations, over the seeds that found one; None if
            none did.
        with_champion: The share of seeds that found a G1 configuration.
    """

    sampler: str
    runs: int
    seeds: int
    g1_mean: float
    g1_sd: float
    g1_low: float
    g1_high: float
    g1_per_run: float
    best_mean: float
    champion_mean: float | None
    with_champion: float


def compare_samplers(
    table: ReplayTable,
    *,
    seeds: Mapping[str, Sequence[int]],
    after: Sequence[int],
    mapper: Callable[..., Iterable[Replay]] = map,
) -> Iterator[SamplerSummary]:
    """Replay samplers at their seeds and summarise each after each number of runs.

    Numbers of runs that exceed the table are left out. A ``grid`` is replayed anew for each number,
    for a grid of 50 runs is not the beginning of a grid of 400.

    Args:
        table: What was measured.
        seeds: Samplers (designs of a study file) with their seeds; a seed is the same design in
            every row of a sampler.
        after: Numbers of runs.
        mapper: ``map``, or the ``map`` of a pool of processes.

    Raises:
        ReplayError: There is no such sampler.
    """
    within = [runs for runs in sorted(set(after)) if runs <= len(table.results)]
    not_run = table.not_run()
    for sampler, own_seeds in seeds.items():
        one = partial(_replay_at, table, sampler, not_run)
        largest = within[-1:]
        budgets = within if sampler == "grid" else largest
        done = {budget: list(mapper(partial(one, budget), own_seeds)) for budget in budgets}
        for runs in within:
            yield summarise(done[runs if sampler == "grid" else largest[0]], runs=runs)


def _replay_at(
    table: ReplayTable, sampler: str, not_run: set[str], budget: int, seed: int
) -> Replay:
    return replay(table, sampler=sampler, budget=budget, seed=seed, not_run=not_run)


def summarise(replays: Sequence[Replay], *, runs: int) -> SamplerSummary:
    """Summarise one sampler's replays after ``runs`` runs, which each of them must have."""
    last = runs - 1
    found = np.array([done.g1_found[last] for done in replays], float)
    champions = [done.champion_mean[last] for done in replays]
    known = [mean for mean in champions if mean is not None]
    low, high = np.quantile(found, [0.05, 0.95])
    return SamplerSummary(
        sampler=replays[0].sampler,
        runs=runs,
        seeds=len(replays),
        g1_mean=float(found.mean()),
        g1_sd=float(found.std(ddof=1)) if len(found) > 1 else 0.0,
        g1_low=float(low),
        g1_high=float(high),
        g1_per_run=float(found.mean()) / runs,
        best_mean=float(np.mean([done.best_mean[last] for done in replays])),
        champion_mean=float(np.mean(known)) if known else None,
        with_champion=len(known) / len(replays),
    )
