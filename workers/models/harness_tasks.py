"""The audited benchmarks as tasks that the harness' own command line finds.

Owns: a folder of task files, one a benchmark of every built-in suite whose data is at hand, and
their items as the audit asks them. A task is called ``talan_<benchmark>``, for the harness has
tasks of some of the names itself. Does not cover: the tasks (``workers.suites``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lm_eval.tasks._yaml_loader import load_yaml

from workers.data.rows import read_json_lines
from workers.errors import WorkerError
from workers.suites.items import read_items
from workers.suites.registry import BUILT_IN, get_suite
from workers.suites.suite import Suite
from workers.suites.tasks import as_table

PREFIX = "talan_"


def write_tasks(folder: Path) -> list[str]:
    """Write the tasks into a folder; their names.

    A suite whose data was not fetched is left out.
    """
    return [
        _write_task(folder, suite, benchmark)
        for suite in _at_hand()
        for benchmark in suite.benchmarks
    ]


def _at_hand() -> list[Suite]:
    found = []
    for name in BUILT_IN:
        try:
            suite = get_suite(name)
            suite.check_items(suite.benchmarks)
        except WorkerError:
            continue
        found.append(suite)
    return found


def _write_task(folder: Path, suite: Suite, benchmark: str) -> str:
    name = f"{PREFIX}{benchmark}"
    table = as_table(read_items(suite, benchmark), folder / f"{name}.parquet")
    task: dict[str, object] = {
        "include": str(suite.task_file(benchmark)),
        "task": name,
        "dataset_path": "parquet",
        "dataset_kwargs": {
            "data_files": {"test": str(table)},
            "cache_dir": str(folder / "cache"),
            "keep_in_memory": True,
        },
        **_shots(suite, benchmark),
        **_limit(suite, benchmark),
    }
    (folder / f"{name}.yaml").write_text(json.dumps(task), encoding="utf-8")  # JSON is YAML
    return name


def _shots(suite: Suite, benchmark: str) -> dict[str, object]:
    if not suite.shots_file(benchmark).is_file():
        return {}
    shots = read_json_lines(suite.shots_file(benchmark))
    return {
        "num_fewshot": len(shots),
        "fewshot_config": {"sampler": "first_n", "samples": shots},
    }


def _limit(suite: Suite, benchmark: str) -> dict[str, Any]:
    """The suite's bound on new tokens in place of the task's."""
    if suite.max_new_tokens is None:
        return {}
    told = load_yaml(suite.task_file(benchmark), resolve_func=False)["generation_kwargs"]
    return {"generation_kwargs": {**told, "max_gen_toks": suite.max_new_tokens}}
