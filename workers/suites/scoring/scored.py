"""Which kind of benchmark is scored how.

Owns the table from kind of benchmark to scorer. Whatever a model writes is scored; only an
item without the wanted fields, a wrong thread or a sandbox that cannot start raise.
"""

from collections.abc import Callable, Mapping
from typing import Any

from workers.suites.benchmark import ALGEBRA, CODE, LETTERS, NUMBERS, STATED
from workers.suites.scoring.algebra import extract_expression, score_algebra
from workers.suites.scoring.letters import extract_letter, score_letters
from workers.suites.scoring.numbers import extract_number, score_numbers
from workers.suites.scoring.programs import extract_code, score_program
from workers.suites.scoring.verdict import Scored

Item = Mapping[str, Any]
_EXTRACTORS: dict[str, Callable[[str, Item], str]] = {
    LETTERS: lambda response, item: extract_letter(response, item["choices"]),
    NUMBERS: lambda response, _: extract_number(response),
    STATED: lambda response, _: extract_number(response),
    ALGEBRA: lambda response, _: extract_expression(response),
    CODE: lambda response, _: extract_code(response),
}
_SCORERS: dict[str, Callable[[str, Item], Scored]] = {
    LETTERS: score_letters,
    NUMBERS: score_numbers,
    STATED: score_numbers,
    ALGEBRA: score_algebra,
    CODE: score_program,
}


def score(kind: str, response: str, item: Item) -> Scored:
    """Score one response as lm-evaluation-harness' task for that kind of benchmark does."""
    return _SCORERS[kind](response, item)


def extract(kind: str, response: str, item: Item) -> str:
    """Return what `score` would compare or run, without doing so."""
    return _EXTRACTORS[kind](response, item)
