"""Keeping runs' response digests for as long as they are needed.

Owns: a baseline's stay, another run's go as soon as it met its baseline. Does not cover: what a
digest is (`response_digests.py`), nor when runs meet (`results.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from storage.models import ResponseDigests


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
