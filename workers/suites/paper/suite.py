"""The suite `paper`: the four benchmarks of the paper's audit under its recipe (Appendix B).

Owns where its files are: tasks in this package, items in the data folder, training data in the
mixture of the same name. Its names and their order are those of `workers.suites.paper.benchmarks`.
Does not cover how the items get there (`workers.suites.paper.prepare`).
"""

from pathlib import Path

from workers.data.folder import benchmarks_folder, mixture_folder
from workers.job.recipe import Recipe
from workers.suites.paper.benchmarks import PUBLISHED
from workers.suites.suite import Suite

PAPER_BENCHMARKS = tuple(PUBLISHED)


def paper_suite() -> Suite:
    """Return the suite as the data folder has it now."""
    return Suite(
        name="paper",
        benchmarks=PAPER_BENCHMARKS,
        recipe=Recipe(),
        train_file=mixture_folder("paper") / "train.jsonl",
        tasks_folder=Path(__file__).resolve().parent / "tasks",
        items_folder=benchmarks_folder(),
        items_remedy="get it with talan data pull paper, or talan data import BENCHMARK FILE",
        train_remedy="get it with talan data pull mixture and talan data build paper, "
        "or name another in training_data",
    )
