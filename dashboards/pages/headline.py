"""Where studies stand, as the pages say it: progress, what is left, the G1 rate beside the null.

Owns: pooling hosts for one line a study, and the estimate of the time that is left. Does not cover:
tests against the null, which are made host by host (``search.g1_rates``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.rates import clopper_pearson
from storage import NULL_KINDS, AuditStore
from storage.durations import Duration
from storage.records import G1Count, StudyStatus


@dataclass(frozen=True)
class PooledRate:
    """G1 runs among completed ones, over all hosts of a study; exact 95% interval."""

    g1: int
    runs: int

    @property
    def rate(self) -> float | None:
        """The share; None where there is no run."""
        return self.g1 / self.runs if self.runs else None

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson's."""
        return clopper_pearson(self.g1, self.runs)


@dataclass(frozen=True)
class Headline:
    """One study in a line.

    Args:
        status: Counts by kind and state.
        rate: Of the treatments.
        null: Of the null runs of both kinds; None where there are none.
        left_s: The time that is left, estimated; None where nobody knows.
    """

    status: StudyStatus
    rate: PooledRate
    null: PooledRate | None
    left_s: float | None

    @property
    def total(self) -> int:
        """All runs, of all kinds."""
        return sum(counts.total for counts in self.status.kinds.values())

    @property
    def completed(self) -> int:
        """Completed runs, of all kinds."""
        return sum(counts.completed for counts in self.status.kinds.values())

    @property
    def failed(self) -> int:
        """Failed runs, of all kinds."""
        return sum(counts.failed for counts in self.status.kinds.values())

    @property
    def running(self) -> int:
        """Runs in flight, of all kinds."""
        return sum(counts.running for counts in self.status.kinds.values())

    @property
    def is_live(self) -> bool:
        """Whether something is about to happen."""
        return self.status.state in ("queued", "running")


def headlines(store: AuditStore) -> list[Headline]:
    """All studies, newest first."""
    rates = _pooled(store.rates.g1_counts())
    nulls = _pooled(c for kind in NULL_KINDS for c in store.rates.g1_counts(kind=kind))
    found = []
    for status in reversed(store.studies.list()):
        rate = rates.get(status.name, PooledRate(0, 0))
        left_s = _left_s(store, status)
        found.append(Headline(status, rate, nulls.get(status.name), left_s))
    return found


def headline(store: AuditStore, name: str) -> Headline:
    """One study.

    Raises:
        StudyNotFound: There is no such study.
    """
    status = store.studies.status(name)
    rates = _pooled(store.rates.g1_counts(name))
    nulls = _pooled(c for kind in NULL_KINDS for c in store.rates.g1_counts(name, kind=kind))
    rate = rates.get(name, PooledRate(0, 0))
    return Headline(status, rate, nulls.get(name), _left_s(store, status))


def _pooled(counts: Any) -> dict[str, PooledRate]:
    pooled: dict[str, PooledRate] = {}
    count: G1Count
    for count in counts:
        before = pooled.get(count.study, PooledRate(0, 0))
        pooled[count.study] = PooledRate(before.g1 + count.g1, before.runs + count.runs)
    return pooled


def _left_s(store: AuditStore, status: StudyStatus) -> float | None:
    """What is left at the mean compute of this study's own runs, over its workers."""
    left = sum(counts.pending + counts.running for counts in status.kinds.values())
    if status.state not in ("queued", "running") or not left:
        return None
    mean_s = mean_seconds(store.durations.read(status.name))
    spec = store.studies.get(status.name).spec
    return None if mean_s is None else mean_s * left / min(workers_of(spec), left)


def mean_seconds(durations: Sequence[Duration]) -> float | None:
    """The mean over runs; None where there is none."""
    num_runs = sum(found.num_runs for found in durations)
    if not num_runs:
        return None
    return sum(found.mean_s * found.num_runs for found in durations) / num_runs


def workers_of(spec: Mapping[str, Any]) -> int:
    """How many runs a study does at once."""
    resources = spec.get("resources")
    workers = resources.get("workers") if isinstance(resources, Mapping) else None
    return workers if isinstance(workers, int) and workers > 0 else 1
