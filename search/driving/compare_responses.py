"""Comparing stored responses of older records, so that ties are told from inert runs.

Owns: reading both runs' responses and counting those that differ; what cannot be read stays
unknown. Does not cover: runs of today, which are compared when they meet their baseline
(``storage.results``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from storage import ArtifactStore, AuditStore
from storage.errors import ArtifactError
from storage.response_digests import num_changed, pack_digests
from workers.errors import DataError
from workers.evaluation.stored_responses import decode_responses


def compare_responses(store: AuditStore, study: str) -> tuple[int, int]:
    """Compare what of a study is matched and not compared; cells compared, and cells left.

    A baseline of an older program gets digests, so that runs to come are compared with it.
    """
    read = _reader(store.studies.get(study).artifact_url)
    for run_id, artifacts in store.uncompared.baselines(study).items():
        digests = {benchmark: read(artifact) for benchmark, artifact in artifacts.items()}
        known = {benchmark: packed for benchmark, packed in digests.items() if packed}
        store.uncompared.keep_digests(run_id, known)
    cells = store.uncompared.cells(study)
    changed = {}
    for cell in cells:
        ours, theirs = read(cell.responses), read(cell.baseline_responses)
        if ours is not None and theirs is not None and len(ours) == len(theirs):
            changed[cell.run_id, cell.benchmark] = num_changed(ours, theirs)
    store.uncompared.record(changed)
    return len(changed), len(cells) - len(changed)


def _reader(url: str) -> Callable[[str], bytes | None]:
    """Digests of stored responses by the artifact's name; a baseline's are read once."""
    artifacts = ArtifactStore(url)

    @lru_cache(maxsize=64)
    def read(name: str) -> bytes | None:
        try:
            rows = decode_responses(artifacts.get_bytes(name))
        except (ArtifactError, DataError):
            return None
        return pack_digests([row.response for row in rows])

    return read
