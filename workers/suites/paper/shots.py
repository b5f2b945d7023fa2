"""The worked examples before an item, as the installed lm-evaluation-harness has them.

Owns: reading them from its files, as data: its modules are never imported, since that of MBPP asks
the hub for a metric the moment it is. They are stored with the items, so that a study does not
depend on the harness that is installed later. Does not cover how they are put before an item (the
task files).
"""

import ast
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from workers.errors import DataError

Shot = dict[str, Any]


def worked_examples(benchmark: str) -> list[Shot]:
    """Return a benchmark's worked examples in order; none where it is asked without.

    Raises:
        DataError: The installed harness keeps them elsewhere.
    """
    if benchmark not in _READERS:
        return []
    try:
        return _READERS[benchmark]()
    except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError) as error:
        raise DataError(
            f"The installed lm-eval has no worked examples for {benchmark} where 0.4.13 has them: "
            f"{error}"
        ) from error


def _tasks() -> Path:
    """The harness' folder of tasks; found, not imported, which would take torch along."""
    spec = find_spec("lm_eval")
    if spec is None or spec.origin is None:
        raise LookupError("it is not installed")
    return Path(spec.origin).parent / "tasks"


def _gsm8k() -> list[Shot]:
    task = yaml.safe_load((_tasks() / "gsm8k" / "gsm8k-cot.yaml").read_text(encoding="utf-8"))
    shots = task["fewshot_config"]["samples"]
    return [{"question": shot["question"], "target": shot["target"]} for shot in shots]


def _math500() -> list[Shot]:
    shots = _returned("minerva_math", "list_fewshot_samples")
    return [{"problem": shot["problem"], "target": shot["solution"]} for shot in shots]


def _mbpp() -> list[Shot]:
    shots = _returned("mbpp", "list_fewshot_samples")
    return [
        {"text": shot["text"], "tests": shot["test_list"], "target": f"{shot['code']}\n[DONE]"}
        for shot in shots
    ]


def _returned(task: str, function: str) -> list[Shot]:
    """The list that a function of a task's module returns, read from its source."""
    tree = ast.parse((_tasks() / task / "utils.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            (value,) = [part.value for part in node.body if isinstance(part, ast.Return)]
            return list(ast.literal_eval(value)) if value is not None else []
    raise LookupError(f"there is no function {function}")


_READERS: dict[str, Callable[[], list[Shot]]] = {
    "gsm8k_cot": _gsm8k,
    "minerva_math500": _math500,
    "mbpp": _mbpp,
}
