"""Which runs of a record match a filter.

Owns: the keys a record can be narrowed by, and refusing what no run has. Values may come from an
address: ``"2"`` is 2, and ``"true"`` is true.
Does not cover: what a narrowed record keeps besides (``dashboards.study_frames``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from dashboards.errors import RecordError
from search.errors import one_of
from search.study.axes import NARROWING
from storage import TREATMENT

HOSTS = ("study", "backbone", "adapter")
_OF_TREATMENTS = (*NARROWING, "seed", "g1", "state")
KEYS = (*HOSTS, *_OF_TREATMENTS)


def matching(runs: pd.DataFrame, key: str, value: object) -> pd.Series[bool]:
    """Which runs have the value, or one of the values.

    Raises:
        RecordError: An unknown key, or a value that no run has.
    """
    if key not in KEYS:
        msg = f"a record cannot be narrowed by {key!r}; allowed: {one_of(KEYS, key)}"
        raise RecordError(msg)
    treated = runs["kind"] == TREATMENT
    texts = runs[key].map(value_text, na_action="ignore")
    asked = _texts(value)
    there = texts[treated].dropna().unique().tolist()
    for text in asked:
        if text not in there:
            raise RecordError(f"{key}: no run has {text!r}; allowed: {one_of(there, text)}")
    found = texts.isin(asked)
    return found | ~treated if key in _OF_TREATMENTS else found


def value_text(value: object) -> str:
    """A value as it stands in an address and in a list of choices."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _texts(value: Any) -> list[str]:
    several = isinstance(value, Collection) and not isinstance(value, str)
    return [value_text(one) for one in (value if several else [value])]
