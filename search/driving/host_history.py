"""What a host's runs came to, and what a verdict on the next one is cheapest asked by.

Owns: per benchmark its seconds and how often it was lost, per item how often it was right; and the
plan of a run that follows from them: its benchmarks in order, whole batches ordered by their items.
Does not cover: when a run is lost (``workers.job.cell_plans``), where runs come from
(``search.driving.exact.verdict_plans``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.statistics import CellForecast, loss_probability, order_cells
from workers.job.cell_plans import CellPlan

Answers = Mapping[str, Mapping[int, bool]]  # by benchmark and item number


@dataclass
class _Cell:
    """What a host's runs came to on one benchmark."""

    right: NDArray[np.int64]  # [n_items], times an item was answered right, baselines included
    asked: NDArray[np.int64]
    seconds: float = 0.0  # of all runs together
    timed: int = 0
    runs: int = 0
    losses: int = 0

    def count(self, found: Mapping[int, bool], *, seconds: float) -> None:
        items = list(found)
        self.asked[items] += 1
        self.right[items] += np.fromiter(found.values(), dtype=int)
        self.seconds += seconds
        self.timed += 1

    def forecast(self, benchmark: str) -> CellForecast:
        mean_s = self.seconds / self.timed
        return CellForecast(benchmark, mean_s, loss_probability(self.losses, self.runs))


class HostHistory:
    """One host's runs, learnt one by one; a baseline before the runs that it is matched with.

    Args:
        benchmarks: In the study's order, which ties keep.
    """

    def __init__(self, benchmarks: Sequence[str]) -> None:
        self._benchmarks = tuple(benchmarks)
        self._baselines: dict[int, dict[str, int]] = {}
        self._cells: dict[str, _Cell] = {}

    @property
    def seeds(self) -> set[int]:
        """Seeds whose baseline is known."""
        return set(self._baselines)

    def learn_baseline(self, seed: int, answers: Answers, *, seconds: Mapping[str, float]) -> None:
        """Take in a baseline: all of its items."""
        self._baselines[seed] = {name: sum(found.values()) for name, found in answers.items()}
        for name, found in answers.items():
            if name not in self._cells:
                zeros = np.zeros(len(found), dtype=int)
                self._cells[name] = _Cell(zeros, zeros.copy())
            self._cells[name].count(found, seconds=seconds[name])

    def learn(self, seed: int, answers: Answers, *, seconds: Mapping[str, float]) -> None:
        """Take in a treatment: the items that it was asked."""
        for name, found in answers.items():
            if found:
                cell = self._cells[name]
                cell.count(found, seconds=seconds[name])
                cell.runs += 1
                wrong = len(found) - sum(found.values())
                cell.losses += self._plan(seed, name).is_lost(wrong=wrong)

    def plan(self, seed: int) -> tuple[tuple[str, ...], dict[str, CellPlan]]:
        """The benchmarks of the next run at a seed, the cheapest verdict first, and their plans."""
        order = order_cells([self._cells[name].forecast(name) for name in self._benchmarks])
        return order, {name: self._plan(seed, name) for name in order}

    def _plan(self, seed: int, benchmark: str) -> CellPlan:
        cell = self._cells[benchmark]
        members = (cell.right + 0.5) / (cell.asked + 1)
        return CellPlan(self._baselines[seed][benchmark], tuple(members.tolist()))
