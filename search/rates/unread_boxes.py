r"""How many of a run's responses put their answer in a box that their scorer does not read.

Owns: counting, when it is asked; nothing is kept. The harness' number pattern takes the last match
in a response, and in `$\boxed{18}$.` that is `$.`: such responses are right to a reader and wrong
to the scorer, and a treatment that changes how answers are written changes the score by it. Does
not cover: what they score under another scorer (``search.follow_ups.rescoring``).
"""

from __future__ import annotations

from dataclasses import dataclass

from storage import ArtifactStore, AuditStore
from storage.errors import ArtifactError
from storage.records import Run
from workers.errors import DataError, WorkerError
from workers.evaluation.stored_responses import decode_responses
from workers.suites.benchmark import NUMBERS, STATED
from workers.suites.registry import resolve_benchmarks


@dataclass(frozen=True)
class UnreadBoxes:
    """Responses of a benchmark whose last box holds another number than the scorer read."""

    num_unread: int
    num_responses: int


def unread_boxes(store: AuditStore, run: Run) -> dict[str, UnreadBoxes]:
    """By benchmark, where there are any; benchmarks whose answers are no numbers are left out."""
    study = store.studies.get(run.study)
    artifacts = ArtifactStore(study.artifact_url)
    found = {}
    for name, cell in run.cells.items():
        if _has_numbers(study.spec.get("benchmarks"), name):
            counted = _count(artifacts, cell.responses_artifact)
            if counted is not None and counted.num_unread:
                found[name] = counted
    return found


def _has_numbers(named: object, benchmark: str) -> bool:
    """Whether a benchmark's answers are numbers; of a suite that is gone nothing is said."""
    try:
        suite, _ = resolve_benchmarks(named if isinstance(named, str) else [benchmark])
    except WorkerError:
        return False
    return suite.benchmark(benchmark).kind in (NUMBERS, STATED)


def _count(artifacts: ArtifactStore, name: str) -> UnreadBoxes | None:
    from workers.suites.scoring.unread import box_is_unread  # scorers take a second to load

    try:
        rows = decode_responses(artifacts.get_bytes(name))
    except (ArtifactError, DataError):
        return None
    return UnreadBoxes(sum(box_is_unread(row.response) for row in rows), len(rows))
