"""Worked arithmetic: the last number of a response.

Gives the verdicts of lm-evaluation-harness' GSM8K tasks under "flexible-extract". The number is
compared as text: without dollar signs, thousands separators and a final full stop.
"""

import re
from collections.abc import Mapping
from typing import Any

from workers.suites.scoring.verdict import INVALID, Scored

_NUMBER = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")


def score_numbers(response: str, item: Mapping[str, Any]) -> Scored:
    """Compare the last number of the response with `item["target"]`."""
    extracted = extract_number(response)
    return Scored(extracted, _bare(extracted) == _bare(item["target"]))


def extract_number(response: str) -> str:
    """Return the last number as it is written, or `INVALID`."""
    found = _NUMBER.findall(response)
    if not found:
        return INVALID
    long_form, short_form = found[-1]
    return str(long_form or short_form).strip()


def _bare(number: str) -> str:
    return re.sub(r"\.$", "", number.replace(",", "").replace("$", "")).lower()
