r"""Algebra: a response's expression, compared by value with the reference.

Calls math_verify as lm-evaluation-harness' minerva_math tasks do: `verify(parse(gold),
parse(response))`, so that \frac{2}{4} equals 0.5. math_verify stops long comparisons by a signal,
which works in the main thread only.
"""

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from math_verify import parse, verify

from workers.errors import SuiteError
from workers.suites.scoring.verdict import INVALID, Scored


def score_algebra(response: str, item: Mapping[str, Any]) -> Scored:
    """Compare the response's expression with the LaTeX in `item["target"]`.

    Raises:
        SuiteError: outside the main thread.
    """
    _require_main_thread()
    return Scored(extract_expression(response), _is_equal(response, item["target"]))


def extract_expression(response: str) -> str:
    """Return the text of the expression that math_verify reads, or `INVALID`.

    Raises:
        SuiteError: outside the main thread.
    """
    _require_main_thread()
    # math_verify returns the expression and, after it, the text it was read from.
    return next((part for part in reversed(_parse(response)) if isinstance(part, str)), INVALID)


@lru_cache(maxsize=4096)
def _is_equal(response: str, target: str) -> bool:
    return bool(verify(gold=_parse(target), target=_parse(response)))


@lru_cache(maxsize=4096)
def _parse(text: str) -> list[Any]:
    parsed: list[Any] = parse(text)
    return parsed


def _require_main_thread() -> None:
    if threading.current_thread() is not threading.main_thread():
        raise SuiteError("Algebra can only be scored in a process's main thread")
