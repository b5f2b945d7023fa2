r"""Algebra: a response's expression, compared by value with the reference.

Calls math_verify as lm-evaluation-harness' minerva_math tasks do: `verify(parse(gold),
parse(response))`, so that \frac{2}{4} equals 0.5. Each of its steps may take 5 s as there, counted
in processor time and not by the clock, so that a verdict does not depend on what else the machine
does. A comparison that runs out of time is made once more; one that does so twice is wrong, and is
recorded as timed out.
"""

import logging
from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from typing import Any

from math_verify import parse, verify

from workers.suites.scoring.processor_time import (
    OutOfTimeError,
    processor_time,
    require_main_thread,
)
from workers.suites.scoring.verdict import INVALID, Scored

LIMIT_S = 5.0  # math_verify's own number
_TRIES = 2
_NO_CLOCK: object = None  # math_verify then leaves the bound to its caller

for _name in ("math_verify.parser", "math_verify.grader"):  # which warn of just that
    logging.getLogger(_name).setLevel(logging.ERROR)
logger = logging.getLogger(__name__)


def score_algebra(response: str, item: Mapping[str, object]) -> Scored:
    """Compare the response's expression with the LaTeX in `item["target"]`.

    Raises:
        SuiteError: outside the main thread.
    """
    require_main_thread()
    is_equal = _is_equal(response, item["target"])
    return Scored(extract_expression(response), bool(is_equal), timed_out=is_equal is None)


def extract_expression(response: str) -> str:
    """Return the text of the expression that math_verify reads, or `INVALID`.

    Raises:
        SuiteError: outside the main thread.
    """
    require_main_thread()
    # math_verify returns the expression and then a text, the first that looked like one. Where that
    # cannot be read (a box that holds "="), the expression is from elsewhere.
    parsed = _parse(response) or []
    text = next((part for part in reversed(parsed) if isinstance(part, str)), INVALID)
    read = _expressions(parsed)
    return str(read[0]) if read and not _expressions(_parse(rf"\boxed{{{text}}}")) else text


def _expressions(parsed: list[object] | None) -> list[object]:
    return [part for part in parsed or [] if not isinstance(part, str)]


def equals_itself(target: str) -> bool:
    """Say whether a reference holds an expression that equals itself, however long that takes."""
    parsed = parse(target, parsing_timeout=_NO_CLOCK)
    return bool(parsed) and bool(verify(parsed, parsed, timeout_seconds=_NO_CLOCK))


@lru_cache(maxsize=4096)
def _is_equal(response: str, target: str) -> bool | None:
    """Whether the two are equal; None: there was no time to say."""
    for _ in range(_TRIES):
        gold, asked = _parse(target), _parse(response)
        if gold is not None and asked is not None:
            verdict = _compare(gold, asked)
            if verdict is not None:
                return verdict
    logger.warning("a comparison with %.60r took more than %g s twice", target, LIMIT_S)
    return None


def _compare(gold: list[Any], asked: list[Any]) -> bool | None:
    """Compare pair by pair as `verify` does, each with its own time."""
    timed_out = False
    for pair in product(gold, asked):
        try:
            with processor_time(LIMIT_S):
                if verify(*pair, timeout_seconds=_NO_CLOCK):
                    return True
        except OutOfTimeError:
            timed_out = True
    return None if timed_out else False


@lru_cache(maxsize=4096)
def _parse(text: str) -> list[object] | None:
    """What math_verify reads in a text; None: there was no time to."""
    for _ in range(_TRIES):
        try:
            with processor_time(LIMIT_S):
                parsed: list[object] = parse(text, parsing_timeout=_NO_CLOCK)
                return parsed
        except OutOfTimeError:
            pass
    return None
