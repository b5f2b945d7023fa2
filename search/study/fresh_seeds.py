"""Seeds that a study has not used, the same ones whenever they are asked for.

Owns: drawing distinct seeds from a text, so that asking for more goes on where asking for fewer
stopped. Does not cover: what they are used for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import count

_BELOW = 1_000_000  # short enough to be read and typed


def fresh_seeds(number: int, *, exclude: Iterable[int], parts: tuple[object, ...]) -> list[int]:
    """The first so many distinct seeds that follow from ``parts`` and are none of ``exclude``."""
    found: dict[int, None] = {}
    taken = set(exclude)
    for place in count():
        if len(found) == number:
            break
        seed = derived_seed(*parts, place) % _BELOW
        if seed not in taken:
            found[seed] = None
    return list(found)


def derived_seed(*parts: object) -> int:
    """A 32-bit seed that depends on every part."""
    digest = hashlib.sha256("\x00".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:4], "big")
