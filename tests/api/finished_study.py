"""Studies that are launched as they are and finished by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from recorded_study import BENCHMARKS, OWNER, outcome

from search.driving.audits import launch
from search.study.file import parse_study
from storage import AuditStore, Run

Score = Callable[[Run], Sequence[int]]


def finished(score: Score, **keys: Any) -> list[str]:
    """Launch a study in the working folder's database and finish it; the ids of its runs."""
    file = parse_study({"name": "finished", "benchmarks": list(BENCHMARKS), **keys})
    with AuditStore.open("sqlite:///talan.db") as store:
        launch(store, file, artifact_url="artifacts")
        finish(store, file.name, score)
        return [run.id for run in store.runs.iterate(file.name)]


def finish(store: AuditStore, name: str, score: Score) -> None:
    """Give every pending run its right answers a benchmark."""
    store.leases.acquire(name, owner=OWNER, ttl_s=60)
    for due in store.dispatch.next_pending(name, limit=1000):
        attempt = store.dispatch.start(due.id, owner=OWNER, worker="worker-0")
        done = outcome(*score(store.runs.get(due.id)))
        store.results.finish(due.id, owner=OWNER, attempt=attempt, outcome=done)
    store.leases.release(name, owner=OWNER, state="completed")
