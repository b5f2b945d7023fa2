"""Text that came from outside.

Owns: making any text storable in both databases, and canonical JSON.
Does not cover: what the text says.
"""

from __future__ import annotations

import hashlib
import json


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
