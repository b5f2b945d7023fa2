"""Studies recorded without any worker: real plans, with counts of right answers as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from same_words import OWNER

from search.driving.audits import launch
from search.study.file import parse_study
from search.study.keys import StudyFile
from storage import AuditStore, CellOutcome, Run, RunOutcome

BENCHMARKS = ("tiny_choice", "tiny_code")
N_ITEMS = 20
Score = Callable[[Run], Sequence[int] | None]


def seed_study(store: AuditStore, score: Score, **keys: Any) -> StudyFile:
    """Launch a study and finish its runs with ``score``'s right answers; None: failed."""
    file = parse_study({"name": "seeded", "benchmarks": list(BENCHMARKS), **keys})
    launch(store, file, artifact_url="artifacts")
    finish(store, file.name, score)
    return file


def finish(store: AuditStore, name: str, score: Score) -> None:
    """Finish whatever of a study is pending."""
    store.leases.acquire(name, owner=OWNER, ttl_s=60)
    for due in store.dispatch.next_pending(name, limit=10_000):
        attempt = store.dispatch.start(due.id, owner=OWNER, worker="worker-0")
        corrects = score(store.runs.get(due.id))
        if corrects is None:
            store.dispatch.fail(due.id, owner=OWNER, attempt=attempt, error="boom", retry=False)
        else:
            outcome = _outcome(corrects)
            store.results.finish(due.id, owner=OWNER, attempt=attempt, outcome=outcome)
    store.leases.release(name, owner=OWNER, state="completed")


def _outcome(corrects: Sequence[int]) -> RunOutcome:
    cells = [
        CellOutcome(name, [item < right for item in range(N_ITEMS)], f"responses-{right}", 1.0)
        for name, right in zip(BENCHMARKS, corrects, strict=True)
    ]
    return RunOutcome(cells, (2.0, 1.0), "checkpoint", 2.0, {"torch": "x"})
