"""Whether two runs answered an item in the same bytes, without their responses.

Owns: a digest per response in item order, packed into one value a cell. Does not cover: the
responses themselves (`artifacts.py`), how long digests are kept (`kept_digests.py`).

A digest is the first 16 bytes of SHA-256 of the response in UTF-8: by chance, one of 10^38 pairs of
different responses would pass for equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from storage.new_rows import DIGEST_BYTES


def pack_digests(responses: Sequence[str]) -> bytes:
    """Return the digests of a cell's responses, in item order."""
    return b"".join(map(_digest, responses))


def num_changed(ours: bytes, theirs: bytes) -> int:
    """Return how many of as many responses differ in any byte."""
    places = range(0, max(len(ours), len(theirs)), DIGEST_BYTES)
    return sum(ours[at : at + DIGEST_BYTES] != theirs[at : at + DIGEST_BYTES] for at in places)


def _digest(response: str) -> bytes:
    # A model may write half of a surrogate pair; it is compared like anything else.
    return hashlib.sha256(response.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]
