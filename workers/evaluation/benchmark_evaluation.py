"""One benchmark, in full or until its loss is certain.

Owns: asking whole batches in a plan's order and stopping between two of them. An evaluation that
ends with every item asked is the full one, bit for bit: same batches, same items, same order of
what comes out.
Does not cover: generating and scoring (``workers.evaluation.harness``), the plan
(``workers.job.cell_plans``).
"""

from dataclasses import dataclass

from workers.errors import SuiteError
from workers.evaluation.eval_batches import full_batches
from workers.evaluation.harness import ResidentLM, ScoredItem, evaluate_benchmark
from workers.job.cell_plans import CellPlan


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
    tasks: dict[str, object]
    benchmark: str

    def carry_out(self, plan: CellPlan | None) -> Evaluated:
        """Evaluate every item, or with a plan as many batches as its verdict needs.

        Raises:
            SuiteError: The plan is for another number of items.
        """
        if plan is None:
            items = self._ask(None)
            return Evaluated(items, len(items))
        found: dict[int, ScoredItem] = {}
        for batch in plan.in_order(self._batches(plan)):
            found.update(zip(batch, self._ask(batch), strict=True))
            wrong = sum(not item.outcome.is_correct for item in found.values())
            if plan.is_lost(wrong=wrong):
                break
        numbers = tuple(sorted(found))
        items = [found[number] for number in numbers]
        is_whole = len(numbers) == plan.n_items
        return Evaluated(items, plan.n_items, None if is_whole else numbers)

    def _batches(self, plan: CellPlan) -> list[tuple[int, ...]]:
        task, known = self.tasks[self.benchmark], self.model.prompts.batches
        key = (id(task), int(self.model.batch_size))  # suites may share a benchmark's name
        if key not in known:
            known[key] = (task, full_batches(task, model=self.model))
        _, batches = known[key]
        num_items = sum(map(len, batches))
        if num_items != plan.n_items:
            msg = f"benchmark {self.benchmark!r} has {num_items} items, its plan {plan.n_items}"
            raise SuiteError(msg)
        return batches

    def _ask(self, numbers: tuple[int, ...] | None) -> list[ScoredItem]:
        return evaluate_benchmark(
            self.model, tasks=self.tasks, benchmark=self.benchmark, items=numbers
        )
