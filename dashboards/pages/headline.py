"""Where studies stand, as the pages say it: progress, what is left, the G1 rate beside the null.

Owns: pooling hosts for one line a study, and the estimate of the time that is left. Does not cover:
tests against the null, which are made host by host (``search.rates.g1_rates``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.statistics.clopper_pearson import clopper_pearson
from storage import NULL_KINDS, AuditStore
from storage.durations import Duration
from storage.records import G1Count, StudyStatus

LIVE = ("queued", "running")


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
        return self.status.state in LIVE


@dataclass(frozen=True)
class Results:
    """What a study's finished runs amount to; it changes with its events only.

    Args:
        rate: Of the treatments.
        null: Of the null runs; None where there are none.
        mean_s: A completed run's mean compute; None where there is none.
    """

    rate: PooledRate
    null: PooledRate | None
    mean_s: float | None


def results(store: AuditStore, name: str | None = None) -> dict[str, Results]:
    """Results by study, of all or of one; a study without any run is left out."""
    rates = _pooled(store.rates.g1_counts(name))
    nulls = _pooled(c for kind in NULL_KINDS for c in store.rates.g1_counts(name, kind=kind))
    taken: dict[str, list[Duration]] = {}
    for duration in store.durations.read(name):
        taken.setdefault(duration.study, []).append(duration)
    return {
        study: Results(
            rates.get(study, PooledRate(0, 0)),
            nulls.get(study),
            mean_seconds(taken.get(study, [])),
        )
        for study in {*rates, *nulls, *taken}
    }


def headlines(store: AuditStore) -> list[Headline]:
    """All studies, newest first."""
    found = results(store)
    return [headline(store, s, found.get(s.name)) for s in reversed(store.studies.list())]


def headline(store: AuditStore, status: StudyStatus, found: Results | None) -> Headline:
    """One study in a line, from where it stands and what it has come to."""
    found = found or Results(PooledRate(0, 0), None, None)
    left = sum(counts.pending + counts.running for counts in status.kinds.values())
    left_s = None
    if status.state in LIVE and left and found.mean_s is not None:
        workers = workers_of(store.studies.get(status.name).spec)
        left_s = found.mean_s * left / min(workers, left)
    return Headline(status, found.rate, found.null, left_s)


def _pooled(counts: Iterable[G1Count]) -> dict[str, PooledRate]:
    pooled: dict[str, PooledRate] = {}
    for count in counts:
        before = pooled.get(count.study, PooledRate(0, 0))
        pooled[count.study] = PooledRate(before.g1 + count.g1, before.runs + count.runs)
    return pooled


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
