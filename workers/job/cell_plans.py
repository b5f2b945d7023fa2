"""How one benchmark of a run is evaluated when only the verdict is asked for.

Owns: ``CellPlan``: the baseline's right answers, which whole batches come first, and when the loss
is certain. With ``wrong`` wrong answers so far a cell ends at most at ``n_items - wrong``, so

    lost  <=>  n_items - wrong < baseline_correct

Does not cover: how batches are composed (``workers.evaluation.eval_batches``), where the shares
come from and which benchmark comes first (``search.driving.exact.verdict_plans``). Imports neither
torch nor transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from storage.verdict import is_not_worse
from workers.errors import WorkerError


@dataclass(frozen=True)
class CellPlan:
    """What is known of a cell before it is evaluated.

    Args:
        baseline_correct: The matched baseline's right answers.
        right_share: Per item, in item order, how often it was answered right so far, in [0, 1].

    Raises:
        WorkerError: The baseline has more right answers than there are items, or fewer than none.
    """

    baseline_correct: int
    right_share: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.baseline_correct <= self.n_items:
            msg = f"baseline_correct is {self.baseline_correct}; allowed: 0 to {self.n_items} items"
            raise WorkerError(msg)

    @property
    def n_items(self) -> int:
        """How many items the benchmark has."""
        return len(self.right_share)

    def is_lost(self, *, wrong: int) -> bool:
        """Whether so many wrong answers leave fewer right ones than the baseline has."""
        return not is_not_worse(self.n_items - wrong, self.baseline_correct)

    def items_in_order(self, *, size: int) -> list[tuple[int, ...]]:
        """The items in portions, those with the most wrong answers so far first."""
        ranked = sorted(range(self.n_items), key=self.right_share.__getitem__)
        return [tuple(ranked[at : at + size]) for at in range(0, self.n_items, size)]

    def in_order(self, batches: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """Whole batches, those with the most wrong answers so far first; ties as they come."""
        return sorted(batches, key=lambda batch: fmean(self.right_share[item] for item in batch))
