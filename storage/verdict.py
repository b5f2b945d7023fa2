"""From counts of right answers to scores, deltas and the G1 verdict.

    score = 100 * n_correct / n_items                              [percent]
    delta = 100 * (n_correct - baseline_n_correct) / n_items       [percentage points]
    G1    = every delta of the run >= 0, decided on the counts: a tie counts as not worse

A cell of which only some items were asked has bounds and no score: of `n_items` items, `n_wrong`
wrong and `n_right` right so far,

    n_right <= n_correct <= n_items - n_wrong

and it is lost when even its upper bound is below the baseline's count: the run is not G1, whatever
the items that were not asked. Such a run has a verdict and neither a mean nor a worst delta.

Owns: these definitions (protocol: "Words"; the bounds are ours).
Does not cover: rates and intervals over many runs.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from storage.errors import BaselineMismatch


@dataclass(frozen=True)
class Count:
    """Right answers on one benchmark."""

    n_correct: int
    n_items: int

    @property
    def score(self) -> float:
        """Percent of right answers."""
        return 100 * self.n_correct / self.n_items


@dataclass(frozen=True)
class Bounds:
    """What some items say of a benchmark's right answers."""

    n_right: int
    n_evaluated: int
    n_items: int

    @property
    def n_correct(self) -> tuple[int, int]:
        """Right answers over all items, at least and at most."""
        return self.n_right, self.n_items - (self.n_evaluated - self.n_right)

    def delta(self, baseline_n_correct: int) -> tuple[float, float]:
        """The delta in percentage points, at least and at most."""
        low, high = (100 * (n - baseline_n_correct) / self.n_items for n in self.n_correct)
        return low, high

    def is_lost(self, baseline_n_correct: int) -> bool:
        """Whether the delta can no longer reach 0."""
        return self.n_correct[1] < baseline_n_correct


@dataclass(frozen=True)
class Verdict:
    """A run compared with its matched baseline; deltas in percentage points.

    `deltas` are those of the cells evaluated in full; with any other cell there is no mean.
    """

    g1: bool
    deltas: Mapping[str, float]
    mean_delta: float | None
    worst_delta: float | None


def compare(
    run: Mapping[str, Count],
    baseline: Mapping[str, Count],
    *,
    run_id: str,
    bounds: Mapping[str, Bounds] | None = None,
) -> Verdict:
    """Compare a run with its matched baseline, benchmark by benchmark.

    `bounds` are the run's cells that were not evaluated in full.

    Raises:
        BaselineMismatch: if the two were not evaluated on the same benchmarks and item counts, or
            not in full while no cell is lost.
    """
    _require_same_items({**run, **(bounds or {})}, baseline, run_id)
    if bounds:
        return _ended_early(run, baseline, run_id=run_id, bounds=bounds)
    deltas = {name: _delta_pp(run[name], baseline[name]) for name in sorted(run)}
    return Verdict(
        g1=all(run[name].n_correct >= baseline[name].n_correct for name in run),
        deltas=deltas,
        mean_delta=statistics.fmean(deltas.values()),
        worst_delta=min(deltas.values()),
    )


def _ended_early(
    run: Mapping[str, Count],
    baseline: Mapping[str, Count],
    *,
    run_id: str,
    bounds: Mapping[str, Bounds],
) -> Verdict:
    deltas = {name: _delta_pp(run[name], baseline[name]) for name in sorted(run)}
    lost = [bound.is_lost(baseline[name].n_correct) for name, bound in bounds.items()]
    if not any(lost) and all(delta >= 0 for delta in deltas.values()):
        raise BaselineMismatch(
            f"run {run_id} was not evaluated in full, and none of its cells is lost: "
            "there is no verdict"
        )
    return Verdict(g1=False, deltas=deltas, mean_delta=None, worst_delta=None)


def _delta_pp(run: Count, baseline: Count) -> float:
    return 100 * (run.n_correct - baseline.n_correct) / run.n_items


def _require_same_items(
    run: Mapping[str, Count | Bounds], baseline: Mapping[str, Count], run_id: str
) -> None:
    if set(run) != set(baseline):
        raise BaselineMismatch(
            f"run {run_id} was evaluated on {sorted(run)} "
            f"but its matched baseline on {sorted(baseline)}"
        )
    for name, count in run.items():
        if count.n_items != baseline[name].n_items:
            raise BaselineMismatch(
                f"run {run_id} has {count.n_items} items of '{name}' "
                f"but its matched baseline has {baseline[name].n_items}"
            )
