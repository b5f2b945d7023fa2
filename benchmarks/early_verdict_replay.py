"""Early verdicts on outcomes that are known: which items would have been asked.

Owns: replaying a run until its verdict can no longer change. G1 needs every cell's right answers
to reach the baseline's. A cell with ``wrong`` wrong answers so far ends at most at
``n_items - wrong``, so

    lost  <=>  n_items - wrong < baseline_correct

and then, whatever the remaining items do, the run is not G1. A run that is G1 is evaluated in full.
Does not cover: how a study does it (``workers.job.cell_plans``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from search.statistics.errors import StatisticsError, at_least
from storage.verdict import Bounds, is_not_worse


@dataclass(frozen=True)
class CellBounds:
    """A cell so far, against its baseline's right answers."""

    benchmark: str
    n_items: int
    baseline_correct: int
    right: int = 0
    wrong: int = 0

    def __post_init__(self) -> None:
        at_least(self.n_items, 1, name="n_items")
        at_least(self.right, 0, name="right")
        at_least(self.wrong, 0, name="wrong")
        at_least(self.n_items, self.evaluated, name="n_items")
        at_least(self.baseline_correct, 0, name="baseline_correct")
        at_least(self.n_items, self.baseline_correct, name="n_items")

    @property
    def evaluated(self) -> int:
        """Items asked so far."""
        return self.right + self.wrong

    @property
    def complete(self) -> bool:
        """Whether every item was asked: only then has the cell a score."""
        return self.evaluated == self.n_items

    @property
    def n_correct(self) -> tuple[int, int]:
        """Right answers, at least and at most."""
        return self.right, self.n_items - self.wrong

    @property
    def delta_pp(self) -> tuple[float, float]:
        """Delta in pp, at least and at most."""
        return Bounds(self.right, self.evaluated, self.n_items).delta(self.baseline_correct)

    @property
    def lost(self) -> bool:
        """Whether the delta can no longer reach 0."""
        return not is_not_worse(self.n_correct[1], self.baseline_correct)

    @property
    def held(self) -> bool:
        """Whether the delta can no longer fall below 0."""
        return is_not_worse(self.n_correct[0], self.baseline_correct)

    def after(self, outcomes: Sequence[bool]) -> CellBounds:
        """The cell with some more of its items answered."""
        right = sum(map(bool, outcomes))
        return CellBounds(
            self.benchmark,
            self.n_items,
            self.baseline_correct,
            right=self.right + right,
            wrong=self.wrong + len(outcomes) - right,
        )


@dataclass(frozen=True)
class EarlyVerdict:
    """A run's verdict, its cells so far and the cell that decided (None for a G1 run)."""

    g1: bool
    cells: Mapping[str, CellBounds]
    decided_by: str | None

    @property
    def evaluated(self) -> int:
        """Items asked."""
        return sum(cell.evaluated for cell in self.cells.values())


def order_items(
    baseline: Sequence[bool], *, history: Sequence[Sequence[bool]] = (), batch: int = 1
) -> list[int]:
    """Items by how often they were answered wrong, most often first; else in item order.

    Args:
        baseline: The matched baseline's outcomes.
        history: Outcomes of earlier runs of the host, on the same items.
        batch: Items asked at once; batches are composed as in full evaluation, ordered whole.

    Raises:
        StatisticsError: A run has another number of items, or a batch of no item.
    """
    at_least(batch, 1, name="batch")
    if any(len(run) != len(baseline) for run in history):
        raise StatisticsError(f"every run needs {len(baseline)} items, as the baseline has")
    right = np.asarray([baseline, *history], dtype=int).sum(axis=0)
    batches = [range(at, min(at + batch, len(right))) for at in range(0, len(right), batch)]
    ranked = sorted(batches, key=lambda items: float(right[items].mean()))
    return [item for items in ranked for item in items]


def stop_after(outcomes: Sequence[bool], *, baseline_correct: int, batch: int = 1) -> int | None:
    """After how many items of a cell its loss is certain; None where it is not lost.

    Args:
        outcomes: All outcomes, in the order in which they are asked.
        baseline_correct: The baseline's right answers.
        batch: Items asked at once: what was started is finished.
    """
    n_items = len(outcomes)
    wrong = np.cumsum(~np.asarray(outcomes, dtype=bool))
    allowed = n_items - baseline_correct
    if not n_items or wrong[-1] <= allowed:
        return None
    certain = int(np.searchsorted(wrong, allowed, side="right")) + 1
    return min(n_items, -(-certain // batch) * batch)


def early_verdict(
    outcomes: Mapping[str, Sequence[bool]],
    *,
    baseline_correct: Mapping[str, int],
    batch: int = 1,
) -> EarlyVerdict:
    """Replay a run's outcomes, cells and items in the order given, until its verdict is certain."""
    cells = {
        name: CellBounds(name, len(found), baseline_correct[name])
        for name, found in outcomes.items()
    }
    for name, found in outcomes.items():
        stop = stop_after(found, baseline_correct=baseline_correct[name], batch=batch)
        cells[name] = cells[name].after(found[:stop])
        if stop is not None:
            return EarlyVerdict(g1=False, cells=cells, decided_by=name)
    return EarlyVerdict(g1=True, cells=cells, decided_by=None)
