"""lm-evaluation-harness tasks of a suite, loaded once and used for every evaluation.

Owns loading and the reading of per-item outcomes. Scores come from the harness; see
`workers.suites.scoring` for the same verdicts without it. Data files are read into memory: nothing
is left in the user's dataset cache, and none is needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from lm_eval.tasks import TaskManager

from workers.errors import SuiteError
from workers.suites.registry import Suite
from workers.suites.scoring import extract


@dataclass(frozen=True)
class ItemOutcome:
    """One item after an evaluation.

    Attributes:
        item_id: Stable over versions of this project.
        response: What the model wrote.
        extracted: What was compared or run.
        is_correct: The harness' verdict.
    """

    item_id: str
    response: str
    extracted: str
    is_correct: bool


def load_tasks(suite: Suite, benchmarks: Sequence[str]) -> dict[str, Any]:
    """Return the harness tasks by benchmark name, ready for `lm_eval.evaluate`.

    Raises:
        SuiteError: for a benchmark that is not in the suite, or data that cannot be read.
    """
    for name in benchmarks:
        if name not in suite.benchmarks:
            allowed = ", ".join(suite.benchmarks)
            raise SuiteError(f"Suite {suite.name} has no benchmark {name!r}; allowed are {allowed}")
    manager = TaskManager(include_path=str(suite.tasks_folder), include_defaults=False)
    with TemporaryDirectory() as cache:
        members = [_with_data(suite, name, cache) for name in benchmarks]
        tasks: dict[str, Any] = manager.load({"group": suite.name, "task": members})["tasks"]
    return {name: tasks[name] for name in benchmarks}


def read_outcomes(benchmark: str, samples: Sequence[Mapping[str, Any]]) -> list[ItemOutcome]:
    """Turn the harness' logged samples of one benchmark into outcomes in item order.

    Args:
        benchmark: Whose samples they are.
        samples: `evaluate(..., log_samples=True)["samples"][benchmark]`.
    """
    return [_outcome(benchmark, s) for s in sorted(samples, key=lambda s: int(s["doc_id"]))]


def _outcome(benchmark: str, sample: Mapping[str, Any]) -> ItemOutcome:
    item, response = sample["doc"], sample["resps"][0][0]
    return ItemOutcome(
        item_id=item["id"],
        response=response,
        extracted=extract(benchmark, response, item),
        is_correct=bool(sample[sample["metrics"][0]]),
    )


def _with_data(suite: Suite, name: str, cache: str) -> dict[str, Any]:
    """Return the task's name with its data, wherever this package is installed."""
    file = suite.items_file(name)
    if not file.is_file():
        raise SuiteError(f"The data of benchmark {name} is missing: there is no file {file}")
    # In memory, so that the cache folder may go as soon as the task is loaded.
    data = {"data_files": {"test": str(file)}, "cache_dir": cache, "keep_in_memory": True}
    return {"task": name, "dataset_kwargs": data}
