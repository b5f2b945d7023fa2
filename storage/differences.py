"""A run's items beside its baseline's: helped, hurt and changed, per benchmark.

Owns: counting them when the two meet, from packed outcomes and from digests of the responses.
Does not cover: what follows from them (`verdict.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from storage.kept_digests import kept_digests
from storage.models import Cell
from storage.packing import helped_and_hurt
from storage.response_digests import num_changed
from storage.verdict import Difference


def differences(session: Session, run_id: str, baseline_id: str) -> dict[str, Difference]:
    """Return how a run's cells differ from its baseline's, by benchmark; those that both have."""
    ours, theirs = kept_digests(session, run_id), kept_digests(session, baseline_id)
    found = {}
    for benchmark, outcomes, known in _pairs(session, run_id, baseline_id):
        helped, hurt = helped_and_hurt(*outcomes)
        found[benchmark] = Difference(helped, hurt, changed=0 if known else None)
        if not known and benchmark in ours and benchmark in theirs:
            changed = num_changed(ours[benchmark], theirs[benchmark])
            found[benchmark] = replace(found[benchmark], changed=changed)
    return found


def _pairs(session: Session, run_id: str, baseline_id: str) -> Any:
    """Yield benchmark, both outcomes, and whether the two name the same stored responses.

    Artifacts are named by their content: the same name is the same responses.
    """
    other = aliased(Cell)
    query = (
        select(Cell.benchmark, Cell.outcomes, Cell.responses_artifact)
        .add_columns(other.outcomes, other.responses_artifact)
        .join(other, other.benchmark == Cell.benchmark)
        .where(Cell.run_id == run_id, other.run_id == baseline_id, other.n_items == Cell.n_items)
    )
    for benchmark, ours, our_name, theirs, their_name in session.execute(query):
        yield benchmark, (ours, theirs), our_name == their_name
