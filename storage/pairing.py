"""Whether a run and its baseline rest on the same things, so that their difference is TALAN's.

Owns: comparing what each says that its verdict rests on (prompts, items, weights, training text,
scorers, versions, device, ...: names with values, `workers/run/rests_on.py`), and the sentence of a
difference. Names that only one of the two has are not compared: a seed null is trained in another
order, a run that ended early did not reach every benchmark, an older run kept nothing.
Does not cover: collecting it, nor what becomes of a run that differs (`results.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.errors import PairingMismatch
from storage.models import Provenance, Run

RESTS_ON = "rests_on"  # the key in a run's provenance


def rests_on(session: Session, run_id: str) -> dict[str, str]:
    """Return what a run's verdict rests on, by name; empty where nobody kept it."""
    query = select(Provenance.data).join(Run, Run.provenance_hash == Provenance.hash)
    data = session.scalar(query.where(Run.id == run_id)) or {}
    return dict(data.get(RESTS_ON) or {})


def require_same(session: Session, run_id: str, baseline_id: str) -> None:
    """Refuse to compare a run with a baseline that rests on something else.

    Raises:
        PairingMismatch: naming everything that differs, with both values.
    """
    ours, theirs = rests_on(session, run_id), rests_on(session, baseline_id)
    found = differing(ours, theirs)
    if found:
        said = "; ".join(f"{name}: {mine}, there {other}" for name, (mine, other) in found.items())
        raise PairingMismatch(
            f"run {run_id} cannot be compared with its baseline {baseline_id}, which rests on "
            f"something else ({said}); put it back as it was and resume the study"
        )


def differing(ours: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what differs by name, with both values."""
    both = sorted(set(ours) & set(theirs))
    return {name: (ours[name], theirs[name]) for name in both if ours[name] != theirs[name]}
