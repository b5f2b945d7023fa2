r"""Other ways to score a response: what a verdict would be if the scorer were another.

Owns: the five scorers, each defined for each kind of benchmark, as a table
(docs/how-to/rescoring.md has it in words). Needs neither torch nor a model. Does not cover: which
responses are scored and what becomes of the verdicts (`search.follow_ups.rescoring`).

`canonical` is the harness' own verdict. `last-number` takes the last answer-like thing, by value.
`strict` wants the answer in the form that the task asks for. `boxed-only` wants it in a closed
`\boxed{...}`. `exact` takes what `canonical` extracts and compares it character by character.
Code is executed under every one of them: no other reading of a program says whether it works.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from workers.errors import SuiteError
from workers.sandbox import Limits
from workers.suites.benchmark import ALGEBRA, CODE, LETTERS, NUMBERS, STATED
from workers.suites.scoring.algebra import extract_expression, score_algebra
from workers.suites.scoring.boxes import closed_boxes
from workers.suites.scoring.letters import extract_letter, score_letters
from workers.suites.scoring.numbers import extract_number, score_numbers
from workers.suites.scoring.programs import score_program
from workers.suites.scoring.values import last_number, read_number
from workers.suites.scoring.verdict import INVALID, Scored

Item = Mapping[str, Any]
CANONICAL = "canonical"
VERSION = 2  # of all definitions below; verdicts stored under another version are not used
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BOXED_LETTER = re.compile(r"(?:\\(?:text|textbf|mathrm|mathbf)\s*\{)?\s*\(?([A-Z])\)?\s*\}?\.?")
_CLOSING_LETTER = re.compile(r"\(([A-Z])\)\.?\s*\Z")
_MARKED_NUMBER = re.compile(r"#### (-?[0-9.,]+)")
_STATED_NUMBER = re.compile(r"The answer is (-?[0-9.,]+)\.")  # the harness' strict-match
_BEHIND_A_BOX = re.compile(r"[\s.$]*\Z")


def score_as(
    scorer: str, kind: str, response: str, item: Item, *, cpu_s: int = Limits.cpu_s
) -> Scored:
    """Score one response under a scorer.

    Args:
        scorer: One of `SCORERS`.
        kind: The benchmark's.
        response: What the model wrote.
        item: The benchmark's item.
        cpu_s: Processor time of a program, where the kind has programs.

    Raises:
        SuiteError: for an unknown scorer, or algebra outside the main thread.
    """
    score = scorer_of(scorer)[kind]
    return score_program(response, item, cpu_s=cpu_s) if kind == CODE else score(response, item)


def differs(scorer: str, kind: str) -> bool:
    """Say whether a scorer can give another verdict than `canonical` on a kind of benchmark."""
    return scorer_of(scorer)[kind] is not _SCORERS[CANONICAL][kind]


def scorer_of(name: str) -> Mapping[str, Callable[[str, Item], Scored]]:
    """Return a scorer's functions by kind of benchmark.

    Raises:
        SuiteError: naming the scorers there are.
    """
    if name not in _SCORERS:
        raise SuiteError(f"There is no scorer {name!r}; allowed: {', '.join(SCORERS)}")
    return _SCORERS[name]


def _last_letter(response: str, item: Item) -> Scored:
    letters = _ALPHABET[: len(item["choices"])]
    found = re.findall(rf"(?<![A-Za-z0-9])[{letters}](?![A-Za-z0-9'])", response)
    return _letter(found[-1] if found else None, item)


def _closing_letter(response: str, item: Item) -> Scored:
    found = _CLOSING_LETTER.search(response)
    return _letter(found[1] if found else None, item)


def _boxed_letter(response: str, item: Item) -> Scored:
    found = _BOXED_LETTER.fullmatch((_last_box(response) or "").strip())
    return _letter(found[1] if found else None, item)


def _exact_letter(response: str, item: Item) -> Scored:
    return _same(extract_letter(response, item["choices"]), item["target"])


def _last_value(response: str, item: Item) -> Scored:
    return _number(last_number(response), item["target"])


def _marked_number(response: str, item: Item) -> Scored:
    found = _MARKED_NUMBER.search(response)
    return score_numbers(found[1], item) if found else _NOTHING


def _stated_number(response: str, item: Item) -> Scored:
    found = _STATED_NUMBER.search(response)
    return score_numbers(found[1], item) if found else _NOTHING


def _boxed_number(response: str, item: Item) -> Scored:
    return _number(_last_box(response), item["target"])


def _exact_number(response: str, item: Item) -> Scored:
    return _same(extract_number(response), item["target"])


def _closing_box(response: str, item: Item) -> Scored:
    boxes = closed_boxes(response)
    if len(boxes) != 1 or not _BEHIND_A_BOX.match(response, boxes[0].end):
        return _NOTHING
    return _expression(boxes[0].content, item)


def _boxed_expression(response: str, item: Item) -> Scored:
    return _expression(_last_box(response), item)


def _exact_expression(response: str, item: Item) -> Scored:
    return _same(extract_expression(response), extract_expression(item["target"]))


_NOTHING = Scored(INVALID, False)


def _last_box(response: str) -> str | None:
    boxes = closed_boxes(response)
    return boxes[-1].content if boxes else None


def _letter(letter: str | None, item: Item) -> Scored:
    return _NOTHING if letter is None else _same(f"({letter})", item["target"])


def _number(text: str | None, target: str) -> Scored:
    """Compare by value; a reference that is no number is never met."""
    if text is None:
        return _NOTHING
    wanted = read_number(_last_box(target) or target)
    return Scored(text.strip(), wanted is not None and read_number(text) == wanted)


def _expression(content: str | None, item: Item) -> Scored:
    return _NOTHING if content is None else score_algebra(rf"\boxed{{{content}}}", item)


def _same(extracted: str, target: str) -> Scored:
    return Scored(extracted, extracted != INVALID and extracted == target)


_SCORERS: dict[str, dict[str, Callable[[str, Item], Scored]]] = {
    CANONICAL: {
        LETTERS: score_letters,
        NUMBERS: score_numbers,
        STATED: score_numbers,
        ALGEBRA: score_algebra,
        CODE: score_program,
    },
    "last-number": {
        LETTERS: _last_letter,
        NUMBERS: _last_value,
        STATED: _last_value,
        ALGEBRA: _last_value,
        CODE: score_program,
    },
    "strict": {
        LETTERS: _closing_letter,
        NUMBERS: _marked_number,
        STATED: _stated_number,
        ALGEBRA: _closing_box,
        CODE: score_program,
    },
    "boxed-only": {
        LETTERS: _boxed_letter,
        NUMBERS: _boxed_number,
        STATED: _boxed_number,
        ALGEBRA: _boxed_expression,
        CODE: score_program,
    },
    "exact": {
        LETTERS: _exact_letter,
        NUMBERS: _exact_number,
        STATED: _exact_number,
        ALGEBRA: _exact_expression,
        CODE: score_program,
    },
}
SCORERS = tuple(_SCORERS)
