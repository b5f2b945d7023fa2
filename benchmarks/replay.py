"""A finished study's table as a simulator: what another sampler would have found in it.

Owns: the table (a configuration's mean delta and worst deltas, as measured), and spending a budget
on it with a sampler, through the same designs and the same Optuna study as a real audit. Does not
cover: many seeds and their spread (``benchmarks.replay_summary``).

A replay knows what was measured and nothing else. A point that was not run cannot be: a proposal of
it is refused and costs nothing, as a repeated one. Every configuration has one outcome, so a replay
holds no noise between repetitions; and it asks for one point at a time, each time with everything
told, where a study has several runs in flight.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from optuna.storages import InMemoryStorage

from search.driving.optuna_record import HostStudy, TrialResult
from search.errors import ReplayError, one_of
from search.study.designs import enumerated
from search.study.keys import ADAPTIVE_SAMPLERS, SAMPLERS
from search.study.space import Space
from storage.new_rows import TREATMENT
from storage.records import Run


@dataclass(frozen=True)
class ReplayTable:
    """What one host's configurations measured.

    Args:
        space: The product of the axis values; may hold points that were not run.
        results: What was measured, by ``identify``.
        num_left_out: Runs that could not be used: without a verdict, or with unscored cells.
    """

    space: Space
    results: Mapping[str, TrialResult]
    num_left_out: int = 0

    @classmethod
    def from_runs(cls, runs: Iterable[Run]) -> ReplayTable:
        """The table of one host's runs, of which the completed treatments count.

        A configuration with several seeds has the mean of their mean deltas and the worst of their
        deltas, as a trial has (protocol: a trial's objective and constraints).

        Raises:
            ReplayError: The runs are of several hosts, some ended early, or none can be used.
        """
        treatments = [run for run in runs if run.kind == TREATMENT and run.state == "completed"]
        hosts = sorted({f"{run.study}/{run.backbone}/{run.adapter}" for run in treatments})
        if len(hosts) > 1:
            raise ReplayError(f"a table is one host's; these runs are of {', '.join(hosts)}")
        early = sum(run.ended_early for run in treatments)
        if early:
            raise ReplayError(
                f"{early} of {len(treatments)} treatments ended early and have no mean delta; "
                "allowed: a study with full verdicts"
            )
        by_identity: dict[str, list[Run]] = defaultdict(list)
        for run in treatments:
            if _is_whole(run):
                by_identity[identify(run.configuration or {})].append(run)
        if not by_identity:
            raise ReplayError("no completed treatment has a mean delta and all of its cells")
        results = {key: _trial(key, same) for key, same in by_identity.items()}
        num_used = sum(map(len, by_identity.values()))
        space = space_of([result.configuration for result in results.values()])
        return cls(space, results, num_left_out=len(treatments) - num_used)

    @property
    def coverage(self) -> float:
        """The share of the space's points that were run."""
        return len(self.results) / self.space.size

    @property
    def num_g1(self) -> int:
        """How many configurations are G1 at every seed."""
        return sum(map(is_g1, self.results.values()))

    def not_run(self) -> set[str]:
        """Identities of the space's points that were not run."""
        points = (identify(self.space.point(index)) for index in range(self.space.size))
        return {identity for identity in points if identity not in self.results}


@dataclass(frozen=True)
class Replay:
    """One sampler at one seed: what it had found after each run.

    Args:
        sampler: Its name in a study file.
        seed: The design's seed.
        g1_found: G1 configurations found so far.
        best_mean: The best mean delta so far, in pp, G1 or not.
        champion_mean: The best mean delta so far among the G1 configurations; None before one.
    """

    sampler: str
    seed: int
    g1_found: tuple[int, ...]
    best_mean: tuple[float, ...]
    champion_mean: tuple[float | None, ...]


def replay(
    table: ReplayTable, *, sampler: str, budget: int, seed: int, not_run: set[str] | None = None
) -> Replay:
    """Spend a budget of runs on a table; all of the table where the budget is larger.

    ``grid`` takes a seeded sample of the table in the grid's order, as a study with ``max_runs``
    does, so that only its last entries are a sample of the whole.

    Args:
        table: What was measured.
        sampler: A design of a study file.
        budget: The runs to spend.
        seed: The design's seed.
        not_run: ``table.not_run()``, for who replays often.

    Raises:
        ReplayError: There is no such sampler, or the budget is below 1.
    """
    if sampler not in SAMPLERS:
        raise ReplayError(f"sampler {sampler!r} is not there; allowed: {one_of(SAMPLERS, sampler)}")
    if budget < 1:
        raise ReplayError(f"a budget of {budget} runs is none; allowed: 1 or more")
    if sampler in ADAPTIVE_SAMPLERS:
        taken = table.not_run() if not_run is None else not_run
        found = _adaptive(table, sampler=sampler, budget=budget, seed=seed, not_run=taken)
    else:
        found = _enumerated(table, sampler=sampler, budget=budget, seed=seed)
    return _running(found, sampler=sampler, seed=seed)


def identify(configuration: Mapping[str, Any]) -> str:
    """A configuration's identity within a table: its canonical form as text."""
    return json.dumps(configuration, sort_keys=True)


def is_g1(result: TrialResult) -> bool:
    """Whether no worst delta is below 0."""
    return all(delta >= 0 for delta in (result.worst_deltas or {}).values())


def space_of(configurations: Sequence[Mapping[str, Any]]) -> Space:
    """The smallest product space that holds some configurations, values in order of appearance."""
    modes = _distinct((c["trainability"], c["gradient_scale"]) for c in configurations)
    gammas = _distinct(gamma for _, gamma in modes if gamma is not None)
    return Space(
        layers=tuple(sorted({c["layer"] for c in configurations})),
        slots=tuple(sorted({c["slots"] for c in configurations})),
        mixers=tuple(_distinct(c["mixer"] for c in configurations)),
        writebacks=tuple(_distinct(c["writeback"] for c in configurations)),
        modes=tuple(modes),
        gammas=tuple(gammas) or (1.0,),
    )


def _adaptive(
    table: ReplayTable, *, sampler: str, budget: int, seed: int, not_run: set[str]
) -> list[TrialResult]:
    host = HostStudy(
        InMemoryStorage(), name="replay", sampler=sampler, seed=seed, space=table.space
    )
    found: list[TrialResult] = []
    while len(found) < budget:
        asked = host.ask(identify=identify, taken=not_run)
        if asked is None:
            break
        found.append(table.results[identify(asked[1])])
        host.tell(found[-1])
    return found


def _enumerated(table: ReplayTable, *, sampler: str, budget: int, seed: int) -> list[TrialResult]:
    space = table.space
    design = "random" if sampler == "grid" else sampler
    order = map(identify, enumerated(space, sampler=design, limit=space.size, seed=seed))
    chosen = [identity for identity in order if identity in table.results][:budget]
    if sampler == "grid":
        wanted = set(chosen)
        in_order = (identify(space.point(index)) for index in range(space.size))
        chosen = [identity for identity in in_order if identity in wanted]
    return [table.results[identity] for identity in chosen]


def _running(found: Sequence[TrialResult], *, sampler: str, seed: int) -> Replay:
    g1_found, best, champion = [], [], []
    count, top, top_g1 = 0, float("-inf"), None
    for result in found:
        mean = result.mean_delta if result.mean_delta is not None else float("-inf")
        top = max(top, mean)
        if is_g1(result):
            count += 1
            top_g1 = mean if top_g1 is None else max(top_g1, mean)
        g1_found.append(count)
        best.append(top)
        champion.append(top_g1)
    return Replay(sampler, seed, tuple(g1_found), tuple(best), tuple(champion))


def _is_whole(run: Run) -> bool:
    deltas = [cell.delta for cell in run.cells.values()]
    return run.mean_delta is not None and bool(deltas) and None not in deltas


def _trial(identity: str, runs: Sequence[Run]) -> TrialResult:
    worst: dict[str, float] = {}
    for run in runs:
        for name, cell in run.cells.items():
            if cell.delta is not None:
                worst[name] = min(cell.delta, worst.get(name, cell.delta))
    return TrialResult(
        configuration_id=identity,
        configuration=runs[0].configuration or {},
        worst_deltas=worst,
        mean_delta=fmean(run.mean_delta for run in runs if run.mean_delta is not None),
    )


def _distinct(values: Iterable[Any]) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if value not in kept:
            kept.append(value)
    return kept
