"""How many of a run's responses ended at the limit of new tokens, counted when it is asked.

Owns: reading a run's stored responses for it; nothing is kept. Does not cover: when a response
counts as truncated (``workers.evaluation.harness``).
"""

from __future__ import annotations

from storage import ArtifactStore, AuditStore
from storage.errors import ArtifactError
from storage.records import Run
from workers.errors import DataError
from workers.evaluation.stored_responses import count_truncated


def truncated_responses(store: AuditStore, run: Run) -> dict[str, int | None]:
    """Truncated responses by benchmark; None where the responses are gone or do not say."""
    artifacts = ArtifactStore(store.studies.get(run.study).artifact_url)
    stored: dict[str, str | None] = {
        **{name: cell.responses_artifact for name, cell in run.cells.items()},
        **{name: bound.responses_artifact for name, bound in run.bounds.items()},
    }
    return {benchmark: _count(artifacts, name) for benchmark, name in stored.items()}


def _count(artifacts: ArtifactStore, name: str | None) -> int | None:
    if name is None:
        return None
    try:
        return count_truncated(artifacts.get_bytes(name))
    except (ArtifactError, DataError):
        return None
