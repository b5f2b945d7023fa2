"""From counts of right answers to scores, deltas and the G1 verdict.

    score = 100 * n_correct / n_items                              [percent]
    delta = 100 * (n_correct - baseline_n_correct) / n_items       [percentage points]
    G1    = every delta of the run >= 0, decided on the counts: a tie counts as not worse

Owns: these three definitions (protocol: "Words").
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
class Verdict:
    """A run compared with its matched baseline; deltas in percentage points."""

    g1: bool
    deltas: Mapping[str, float]
    mean_delta: float
    worst_delta: float


def compare(run: Mapping[str, Count], baseline: Mapping[str, Count], *, run_id: str) -> Verdict:
    """Compare a run with its matched baseline, benchmark by benchmark.

    Raises:
        BaselineMismatch: if the two were not evaluated on the same benchmarks and item counts.
    """
    _require_same_items(run, baseline, run_id)
    deltas = {name: _delta_pp(run[name], baseline[name]) for name in sorted(run)}
    return Verdict(
        g1=all(run[name].n_correct >= baseline[name].n_correct for name in run),
        deltas=deltas,
        mean_delta=statistics.fmean(deltas.values()),
        worst_delta=min(deltas.values()),
    )


def _delta_pp(run: Count, baseline: Count) -> float:
    return 100 * (run.n_correct - baseline.n_correct) / run.n_items


def _require_same_items(
    run: Mapping[str, Count], baseline: Mapping[str, Count], run_id: str
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
