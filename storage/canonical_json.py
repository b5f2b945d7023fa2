"""Text that came from outside.

Owns: making any text storable in both databases, canonical JSON, and naming what comes closest to
a name that does not exist.
Does not cover: what the text says.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable


def storable(text: str) -> str:
    """Replace what Postgres cannot hold: NUL and halves of surrogate pairs."""
    return (
        text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    )


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def content_hash(text: str) -> str:
    """Return the SHA-256 of a text as hex."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def closest(name: str, names: Iterable[str]) -> str:
    """Return a clause naming what comes closest to `name`, ready to end a sentence with."""
    known = list(names)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or sorted(known)[:3]
    return f"closest: {', '.join(near)}" if near else "there are none yet"
