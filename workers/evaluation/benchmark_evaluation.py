"""One benchmark, in full or until its loss is certain.

Owns: asking in a plan's order, and stopping. With drafts in float32, where no answer depends on its
company, items are asked one by one: all drafts of a portion are verified first, which settles the
items whose answer is the baseline's; those that part from it are written out once they may decide
the verdict. Otherwise whole batches are asked, and an evaluation that ends with every item asked is
the full one, bit for bit: same batches, same items, same order of what comes out.
Does not cover: generating and scoring (``workers.evaluation.harness``), the plan
(``workers.job.cell_plans``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workers.errors import SuiteError
from workers.evaluation.eval_batches import full_batches
from workers.evaluation.harness import ResidentLM, ScoredItem, evaluate_benchmark
from workers.job.cell_plans import CellPlan

_Found = dict[int, ScoredItem]  # by item number


@dataclass(frozen=True)
class Evaluated:
    """What was asked, in item order.

    Args:
        items: A scored item each.
        n_items: How many items the benchmark has.
        numbers: Which of them these are; None: all.
    """

    items: list[ScoredItem]
    n_items: int
    numbers: tuple[int, ...] | None = None


@dataclass(frozen=True)
class BenchmarkEvaluation:
    """A benchmark that is about to be evaluated on a resident backbone, its host attached.

    Args:
        model: The harness' model around it.
        tasks: Loaded harness tasks by benchmark name.
        benchmark: Which of them.
    """

    model: ResidentLM
    tasks: dict[str, Any]
    benchmark: str

    def carry_out(self, plan: CellPlan | None) -> Evaluated:
        """Evaluate every item, or with a plan as many batches as its verdict needs.

        Raises:
            SuiteError: The plan is for another number of items.
        """
        if plan is None:
            items = self._ask(None)
            return Evaluated(items, len(items))
        self._require_items_of(plan)
        found = self._verified(plan) if self.model.items_verified else self._by_batch(plan)
        numbers = tuple(sorted(found))
        items = [found[number] for number in numbers]
        is_whole = len(numbers) == plan.n_items
        return Evaluated(items, plan.n_items, None if is_whole else numbers)

    def _require_items_of(self, plan: CellPlan) -> None:
        num_items = len(self.tasks[self.benchmark].eval_docs)
        if num_items != plan.n_items:
            msg = f"benchmark {self.benchmark!r} has {num_items} items, its plan {plan.n_items}"
            raise SuiteError(msg)

    def _by_batch(self, plan: CellPlan) -> _Found:
        found: _Found = {}
        for batch in plan.in_order(self._batches()):
            found.update(zip(batch, self._ask(batch), strict=True))
            if plan.is_lost(wrong=_num_wrong(found)):
                break
        return found

    def _verified(self, plan: CellPlan) -> _Found:
        """Drafts are verified first; what parts from its draft is written once it may decide.

        An answer that is the baseline's moves the cell no further from it: verifying settles it.
        """
        found: _Found = {}
        parted: list[int] = []
        for portion in plan.items_in_order(size=self.model.items_verified):
            found |= self._as_drafted(portion)
            parted += [number for number in portion if number not in found]
            num_wrong = _num_wrong(found)
            if not plan.is_lost(wrong=num_wrong) and plan.is_lost(wrong=num_wrong + len(parted)):
                found |= self._written_out(parted, plan, found=found)
                parted = []
            if plan.is_lost(wrong=_num_wrong(found)):
                return found
        return found | self._written_out(parted, plan, found=found)

    def _as_drafted(self, numbers: Sequence[int]) -> _Found:
        """Those of the items whose answer is the draft."""
        with self.model.verifying():
            asked = self._ask(numbers)
        found = zip(sorted(numbers), asked, strict=True)
        return {n: item for n, item in found if item.written and not item.written.is_given_up}

    def _written_out(self, parted: Sequence[int], plan: CellPlan, *, found: _Found) -> _Found:
        """The items that parted, as many as the verdict needs."""
        written: _Found = {}
        for at in range(0, len(parted), self.model.items_verified):
            numbers = sorted(parted[at : at + self.model.items_verified])
            written.update(zip(numbers, self._ask(numbers), strict=True))
            if plan.is_lost(wrong=_num_wrong(found) + _num_wrong(written)):
                break
        return written

    def _batches(self) -> list[tuple[int, ...]]:
        task, known = self.tasks[self.benchmark], self.model.prompts.batches
        key = (id(task), int(self.model.batch_size))  # suites may share a benchmark's name
        if key not in known:
            known[key] = (task, full_batches(task, model=self.model))
        return known[key][1]

    def _ask(self, numbers: Sequence[int] | None) -> list[ScoredItem]:
        return evaluate_benchmark(
            self.model,
            tasks=self.tasks,
            benchmark=self.benchmark,
            items=None if numbers is None else sorted(numbers),
        )


def _num_wrong(found: _Found) -> int:
    return sum(not item.outcome.is_correct for item in found.values())
