"""How many of a run's responses ended at the limit of new tokens, counted when it is asked.

Owns: reading a run's stored responses for it; nothing is kept. Does not cover: when a response
counts as truncated (``workers.evaluation``).
"""

from __future__ import annotations

from storage import ArtifactStore, AuditStore
from storage.errors import ArtifactCorrupt, ArtifactMissing
from storage.records import Run
from workers.errors import DataError
from workers.stored_responses import count_truncated


def truncated_responses(store: AuditStore, run: Run) -> dict[str, int | None]:
    """Truncated responses by benchmark; None where the responses are gone or do not say."""
    artifacts = ArtifactStore(store.studies.get(run.study).artifact_url)
    return {name: _count(artifacts, cell.responses_artifact) for name, cell in run.cells.items()}


def _count(artifacts: ArtifactStore, name: str) -> int | None:
    try:
        return count_truncated(artifacts.get_bytes(name))
    except (ArtifactMissing, ArtifactCorrupt, DataError):
        return None
