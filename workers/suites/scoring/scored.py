"""Which benchmark is scored how.

Owns the table from benchmark to scorer. Whatever a model writes is scored; only an unknown
benchmark, an item without the wanted fields, a wrong thread or a sandbox that cannot start raise.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from workers.errors import SuiteError
from workers.suites.scoring.algebra import extract_expression, score_algebra
from workers.suites.scoring.letters import extract_letter, score_letters
from workers.suites.scoring.numbers import extract_number, score_numbers
from workers.suites.scoring.programs import extract_code, score_program
from workers.suites.scoring.verdict import Scored

T = TypeVar("T")
Item = Mapping[str, Any]
_EXTRACTORS: dict[str, Callable[[str, Item], str]] = {
    "tiny_choice": lambda response, item: extract_letter(response, item["choices"]),
    "tiny_arithmetic": lambda response, _: extract_number(response),
    "tiny_algebra": lambda response, _: extract_expression(response),
    "tiny_code": lambda response, _: extract_code(response),
}
_SCORERS: dict[str, Callable[[str, Item], Scored]] = {
    "tiny_choice": score_letters,
    "tiny_arithmetic": score_numbers,
    "tiny_algebra": score_algebra,
    "tiny_code": score_program,
}


def score(benchmark: str, response: str, item: Item) -> Scored:
    """Score one response as the benchmark's lm-evaluation-harness task does.

    Raises:
        SuiteError: for a benchmark without a scorer.
    """
    return _of(_SCORERS, benchmark)(response, item)


def extract(benchmark: str, response: str, item: Item) -> str:
    """Return what `score` would compare or run, without doing so.

    Raises:
        SuiteError: for a benchmark without a scorer.
    """
    return _of(_EXTRACTORS, benchmark)(response, item)


def _of(table: dict[str, Callable[[str, Item], T]], benchmark: str) -> Callable[[str, Item], T]:
    if benchmark not in table:
        allowed = ", ".join(table)
        raise SuiteError(f"There is no scorer for {benchmark!r}; allowed are {allowed}")
    return table[benchmark]
