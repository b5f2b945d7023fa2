"""Whether two runs answered an item in the same bytes, without their responses.

Owns: a digest per response in item order, packed into one value a cell, and keeping it until it is
no longer needed: a baseline's stays, another run's goes as soon as it met its baseline.
Does not cover: the responses themselves (`artifacts.py`), nor when runs meet (`results.py`).

A digest is the first 16 bytes of SHA-256 of the response in UTF-8: by chance, one of 10^38 pairs of
different responses would pass for equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from storage.models import ResponseDigests
from storage.new_rows import DIGEST_BYTES


def pack_digests(responses: Sequence[str]) -> bytes:
    """Return the digests of a cell's responses, in item order."""
    return b"".join(map(_digest, responses))


def num_changed(ours: bytes, theirs: bytes) -> int:
    """Return how many of as many responses differ in any byte."""
    places = range(0, max(len(ours), len(theirs)), DIGEST_BYTES)
    return sum(ours[at : at + DIGEST_BYTES] != theirs[at : at + DIGEST_BYTES] for at in places)


def keep_digests(session: Session, run_id: str, digests: Mapping[str, bytes]) -> None:
    """Keep a run's digests by benchmark."""
    rows = [
        {"run_id": run_id, "benchmark": benchmark, "digests": packed}
        for benchmark, packed in digests.items()
    ]
    if rows:
        session.execute(insert(ResponseDigests), rows)


def kept_digests(session: Session, run_id: str) -> dict[str, bytes]:
    """Return a run's digests by benchmark; empty where nobody kept them."""
    columns = (ResponseDigests.benchmark, ResponseDigests.digests)
    rows = session.execute(select(*columns).where(ResponseDigests.run_id == run_id))
    return {row.benchmark: row.digests for row in rows}


def drop_digests(session: Session, run_id: str) -> None:
    """Forget a run's digests."""
    session.execute(delete(ResponseDigests).where(ResponseDigests.run_id == run_id))


def _digest(response: str) -> bytes:
    # A model may write half of a surrogate pair; it is compared like anything else.
    return hashlib.sha256(response.encode("utf-8", "surrogatepass")).digest()[:DIGEST_BYTES]
