"""What can go wrong in the record of a study, as one tree.

Owns: every exception that `storage` raises on purpose. Each message is one sentence that names the
bad value and what is allowed; passwords never appear in it.
Does not cover: programming errors, which stay what they are.
"""
# ruff: noqa: N818 - the names say what happened, and every one of them is a StorageError

from __future__ import annotations


class StorageError(Exception):
    """Anything `storage` refuses or could not do."""


class StorageUrlError(StorageError):
    """The storage URL names no database this project can use."""


class StorageUnavailable(StorageError):
    """The database cannot be reached or does not answer."""


class StorageFull(StorageError):
    """The database has no room left for what was to be written; nothing of it was kept."""


class StorageForbidden(StorageError):
    """The database does not let its user do that; somebody who owns it has to."""


class StorageUnfit(StorageError):
    """The database cannot hold studies: its encoding, or what is in it already."""


class StorageOutdated(StorageError):
    """The tables are older or newer than this program."""


class StudyExists(StorageError):
    """A study of that name exists with another specification."""


class StudyNotFound(StorageError):
    """No study has that name."""


class RunNotFound(StorageError):
    """No run has that id."""


class PlanError(StorageError):
    """A plan of a study or of runs contradicts itself or what is recorded."""


class QueryError(StorageError):
    """A filter, sort, axis or cursor is not one of those allowed."""


class RunStateError(StorageError):
    """The run is not in the state, or not in the attempt, that the call is for."""


class ResultConflict(StorageError):
    """A finished run was finished again with another result."""


class BaselineMismatch(StorageError):
    """A run and its matched baseline were not evaluated on the same items."""


class PairingMismatch(BaselineMismatch):
    """A run and its matched baseline rest on different things: other prompts, weights, versions."""


class LeaseError(StorageError):
    """Something about who may write a study's results."""


class LeaseHeld(LeaseError):
    """Somebody else holds the study's lease and it has not run out."""

    def __init__(self, study: str, *, owner: str, seconds_left: float) -> None:
        self.study, self.owner, self.seconds_left = study, owner, seconds_left
        super().__init__(
            f"study '{study}' is being driven by {owner}; "
            f"its lease runs out in {seconds_left:.0f} s unless it is renewed"
        )


class LeaseLost(LeaseError):
    """The caller does not hold the study's lease (any more), so nothing was written."""

    def __init__(self, study: str, *, owner: str, holder: str | None) -> None:
        self.study, self.owner, self.holder = study, owner, holder
        now = f"{holder} holds it now" if holder else "nobody holds it now"
        super().__init__(f"{owner} does not hold the lease of study '{study}'; {now}")


class ArtifactError(StorageError):
    """Anything about the artifact store."""


class ArtifactMissing(ArtifactError):
    """The store has no artifact of that name."""


class ArtifactCorrupt(ArtifactError):
    """The artifact's content is not what its name says."""


class ArtifactStoreFull(ArtifactError):
    """The artifact store has no room left; nothing of the artifact was kept."""


class ArtifactStoreUnavailable(ArtifactError):
    """The artifact store cannot be reached, read or written."""
