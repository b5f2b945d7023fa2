"""How long a response may get: what a benchmark's task says, or the suite in its place.

Owns: that one number, read without loading the task's items or functions.
"""

from typing import Any

from lm_eval.tasks._yaml_loader import load_yaml

from workers.suites.suite import Suite


def response_limit_tokens(suite: Suite, benchmark: str) -> int:
    """The most tokens that are decoded for an item of the benchmark."""
    if suite.max_new_tokens is not None:
        return suite.max_new_tokens
    task: dict[str, Any] = load_yaml(suite.task_file(benchmark), resolve_func=False)
    return int(task["generation_kwargs"]["max_gen_toks"])
