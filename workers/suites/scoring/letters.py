"""Multiple choice: the letter that a response settles on.

Gives the verdicts of lm-evaluation-harness' `multi_choice_regex` filter (as its GPQA tasks set it
up) with `exact_match`, one response at a time. Three steps, the last match of the first step that
finds any: "(B)"; the text of a choice, without case and punctuation; "B" after a colon.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from workers.suites.scoring.verdict import INVALID, Scored

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def score_letters(response: str, item: Mapping[str, Any]) -> Scored:
    """Compare the chosen letter with `item["target"]`, such as "(B)"; needs `item["choices"]`."""
    extracted = extract_letter(response, item["choices"])
    return Scored(extracted, _plain(extracted) == _plain(item["target"]))


def extract_letter(response: str, choices: Sequence[str]) -> str:
    """Return the chosen letter in parentheses, or `INVALID`."""
    letters = _LETTERS[: len(choices)]
    return (
        _last(r"\([A-Z]\)", response)
        or _named_choice(response, choices)
        or _in_parentheses(_last(rf":\s*([{letters}])", response))
        or INVALID
    )


def _named_choice(response: str, choices: Sequence[str]) -> str:
    # Two choices with the same text: the later letter counts, as in the harness.
    letter_of = {
        _plain(choice.strip()): letter for choice, letter in zip(choices, _LETTERS, strict=False)
    }
    longest_first = sorted(letter_of, key=len, reverse=True)
    named = _last("|".join(map(re.escape, longest_first)), _plain(response))
    return _in_parentheses(letter_of[named]) if named in letter_of and named else named


def _last(pattern: str, text: str) -> str:
    found = re.findall(pattern, text)
    return found[-1].strip() if found else ""


def _in_parentheses(letter: str) -> str:
    return f"({letter})" if letter else ""


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if not unicodedata.category(c).startswith("P"))
