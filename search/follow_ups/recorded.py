"""Which runs of a study were followed up, and with what result: read from the record alone.

Owns: finding a study's follow-ups by their names. Does not cover: what a confirmation or an
ablation amounts to (``search.follow_ups.confirmation``, ``search.follow_ups.ablation``).
"""

from __future__ import annotations

from contextlib import suppress

from search.errors import StudyFileError
from search.follow_ups.ablation import Ablation, ablations_of
from search.follow_ups.confirmation import Confirmation, confirmation
from search.follow_ups.studies import ID_DIGITS, stem_of
from storage import AuditStore


def confirmations(store: AuditStore, study: str) -> list[Confirmation]:
    """The confirmations of a study's runs that have a result.

    Raises:
        StudyNotFound: No such study.
    """
    found = []
    for run_id in _followed_up(store, study, word="confirm"):
        with suppress(StudyFileError):  # launched, and no seed has a verdict yet
            found.append(confirmation(store, run_id))
    return found


def ablations(store: AuditStore, study: str) -> list[Ablation]:
    """The ablations of a study's runs that have a result.

    Raises:
        StudyNotFound: No such study.
    """
    followed = _followed_up(store, study, word="ablate")
    return [found for run_id in followed for found in ablations_of(store, run_id)]


def follow_ups_of(store: AuditStore, study: str) -> list[str]:
    """Names of the studies that follow up runs of a study."""
    stems = tuple(stem_of(study, word) for word in ("confirm", "ablate"))
    return [name for name in store.studies.names() if name.startswith(stems)]


def _followed_up(store: AuditStore, study: str, *, word: str) -> list[str]:
    """Ids of the runs that have a follow-up of a kind, by position."""
    stem = stem_of(study, word)
    starts = {
        name.removeprefix(stem)[:ID_DIGITS]
        for name in store.studies.names()
        if name.startswith(stem)
    }
    return store.runs.ids_beginning(study, sorted(starts))
