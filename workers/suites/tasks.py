"""lm-evaluation-harness tasks of a suite, loaded once and used for every evaluation.

Owns loading and the reading of per-item outcomes. Scores come from the harness; see
`workers.suites.scoring` for the same verdicts without it. Data files are read into memory: nothing
is left in the user's dataset cache, and none is needed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from lm_eval.tasks import TaskManager

from workers.data.rows import read_json_lines
from workers.errors import SuiteError
from workers.suites.benchmark import CODE
from workers.suites.choice_filter import bound_punctuation_table
from workers.suites.items import read_items
from workers.suites.scoring import extract
from workers.suites.scoring.harness import process_program
from workers.suites.suite import Suite


@dataclass(frozen=True)
class ItemOutcome:
    """One item after an evaluation.

    Attributes:
        item_id: Stable over versions of this project.
        response: What the model wrote.
        extracted: What was compared or run.
        is_correct: The harness' verdict.
        timed_out: Whether it is wrong because there was no time to find out.
    """

    item_id: str
    response: str
    extracted: str
    is_correct: bool
    timed_out: bool = False


def load_tasks(suite: Suite, benchmarks: Sequence[str]) -> dict[str, Any]:
    """Return the harness tasks by benchmark name, ready for `lm_eval.evaluate`.

    Raises:
        SuiteError: for a benchmark that is not in the suite, or data that cannot be read.
    """
    for name in benchmarks:
        if name not in suite.benchmarks:
            allowed = ", ".join(suite.benchmarks)
            raise SuiteError(f"Suite {suite.name} has no benchmark {name!r}; allowed: {allowed}")
    bound_punctuation_table()
    manager = TaskManager(include_path=str(suite.tasks_folder), include_defaults=False)
    with TemporaryDirectory() as cache:
        tasks = {name: _loaded(manager, suite, name, cache) for name in benchmarks}
    for task in tasks.values():
        if suite.max_new_tokens is not None:
            limit = {"max_gen_toks": suite.max_new_tokens}
            task.set_config("generation_kwargs", limit, update=True)
        if task.config.metadata["kind"] == CODE:
            run = partial(process_program, cpu_s=suite.sandbox_cpu_s)
            task.set_config("process_results", run)
    return tasks


def read_outcomes(kind: str, samples: Sequence[Mapping[str, Any]]) -> list[ItemOutcome]:
    """Turn the harness' logged samples of one benchmark into outcomes in item order.

    Args:
        kind: The benchmark's.
        samples: `evaluate(..., log_samples=True)["samples"][benchmark]`.
    """
    return [_outcome(kind, s) for s in sorted(samples, key=lambda s: int(s["doc_id"]))]


def _outcome(kind: str, sample: Mapping[str, Any]) -> ItemOutcome:
    item, response = sample["doc"], sample["resps"][0][0]
    return ItemOutcome(
        item_id=item["id"],
        response=response,
        extracted=extract(kind, response, item),
        is_correct=bool(sample[sample["metrics"][0]]),
        timed_out=bool(sample.get("timed_out")),
    )


def _loaded(manager: TaskManager, suite: Suite, name: str, cache: str) -> Any:
    """Return one task with its data and worked examples, wherever they are installed."""
    borrowed = suite.task_of.get(name, name)
    # In memory, so that the cache folder may go as soon as the task is loaded.
    files = {"test": str(as_table(read_items(suite, name), Path(cache) / f"{name}.parquet"))}
    member: dict[str, Any] = {
        "task": borrowed,
        "dataset_path": "parquet",
        "dataset_kwargs": {"data_files": files, "cache_dir": cache, "keep_in_memory": True},
    }
    if suite.shots_file(name).is_file():
        shots = read_json_lines(suite.shots_file(name))
        member["num_fewshot"] = len(shots)
        member["fewshot_config"] = {"sampler": "first_n", "samples": shots}
    loaded: dict[str, Any] = manager.load({"group": suite.name, "task": [member]})["tasks"]
    task = loaded[borrowed]
    task.set_config("task", name)
    return task


def as_table(items: Sequence[Mapping[str, object]], file: Path) -> Path:
    """Write items as the harness shall see them: typed, where its own reader of JSON would guess.

    (It takes a column of days for times, and does not know a byte order mark.)
    """
    keys = dict.fromkeys(key for item in items for key in item)
    pq.write_table(pa.table({key: _column([i.get(key) for i in items]) for key in keys}), file)
    return file


def _column(values: Sequence[object]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # of several types, which no task reads
        return pa.array([json.dumps(value) for value in values])
