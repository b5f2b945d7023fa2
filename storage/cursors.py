"""Cursors: where a listing goes on.

Owns: the opaque text of a cursor, which names the last row's place in its order and not a number of
rows, so that a listing neither skips nor repeats rows while others are added.
Does not cover: the orders themselves (`listing.py`).
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any

from storage.errors import QueryError

_ID = re.compile(r"[0-9a-f]{1,16}")


def write_cursor(sort: str, place: list[Any]) -> str:
    """Return the cursor for a place in an order."""
    data = json.dumps([sort, *place], separators=(",", ":")).encode("utf-8")
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def read_cursor(cursor: str, *, sort: str) -> list[object]:
    """Return the place a cursor names.

    Raises:
        QueryError: if it is no cursor of ours, or one of another order.
    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        made_for, *place = json.loads(data)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        made_for, place = None, []
    if made_for != sort or not _is_place(place):
        raise QueryError(f"cursor '{cursor}' is not one of a listing sorted by {sort}")
    return list(place)


def _is_place(place: list[Any]) -> bool:
    """Say whether this is [value or None, position, id], each of a kind every database takes."""
    if len(place) != 3:
        return False
    value, position, run = place
    return (
        _is_value(value)
        and isinstance(position, int)
        and abs(position) < 2**31
        and isinstance(run, str)
        and _ID.fullmatch(run) is not None
    )


def _is_value(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isprintable()
    if isinstance(value, int | float):
        return math.isfinite(value) and abs(value) < 2**31
    return value is None
