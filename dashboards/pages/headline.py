"""Where studies stand, as the pages say it: progress, what is left, the G1 runs so far.

Owns: one line a study, and the estimate of the time that is left. Hosts and kinds of null runs are
never pooled: several hosts have a count, and a rate only by host. Does not cover: intervals of
several seeds and tests (``search.rates.g1_rates``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from search.rates.null_tests import NULL_NAMES
from storage import AuditStore
from storage.durations import Duration
from storage.records import LIVE, G1Count, StudyStatus
from storage.totals import workers_asked


@dataclass(frozen=True)
class CountedG1:
    """G1 and strict G1 runs among completed ones, on so many hosts."""

    g1: int = 0
    strict: int = 0
    runs: int = 0
    hosts: int = 0

    @property
    def rate(self) -> float | None:
        """The share; None where there is no run, and over several hosts."""
        return self.g1 / self.runs if self.runs and self.hosts == 1 else None

    def plus(self, count: G1Count) -> CountedG1:
        """With another host's."""
        return CountedG1(
            self.g1 + count.g1,
            self.strict + count.strict,
            self.runs + count.runs,
            self.hosts + 1,
        )


@dataclass(frozen=True)
class Headline:
    """One study in a line.

    Args:
        status: Counts by kind and state.
        rate: Of the treatments.
        nulls: Of the null runs, by kind; only kinds that there are.
        left_s: The time that is left, estimated; None where nobody knows.
    """

    status: StudyStatus
    rate: CountedG1
    nulls: Mapping[str, CountedG1]
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
        nulls: Of the null runs, by kind.
        mean_s: A completed run's mean compute; None where there is none.
    """

    rate: CountedG1
    nulls: Mapping[str, CountedG1]
    mean_s: float | None


def results(store: AuditStore, name: str | None = None) -> dict[str, Results]:
    """Results by study, of all or of one; a study without any run is left out."""
    rates = _by_study(store.rates.g1_counts(name))
    nulls = {
        kind: _by_study(store.rates.g1_counts(name, kind=full)) for kind, full in NULL_NAMES.items()
    }
    taken: dict[str, list[Duration]] = {}
    for duration in store.durations.read(name):
        taken.setdefault(duration.study, []).append(duration)
    return {
        study: Results(
            rates.get(study, CountedG1()),
            {kind: counted[study] for kind, counted in nulls.items() if study in counted},
            mean_seconds(taken.get(study, [])),
        )
        for study in {*rates, *taken}.union(*nulls.values())
    }


def headlines(store: AuditStore) -> list[Headline]:
    """All studies, newest first."""
    found = results(store)
    return [headline(store, s, found.get(s.name)) for s in reversed(store.studies.list())]


def headline(store: AuditStore, status: StudyStatus, found: Results | None) -> Headline:
    """One study in a line, from where it stands and what it has come to."""
    found = found or Results(CountedG1(), {}, None)
    left = sum(counts.pending + counts.running for counts in status.kinds.values())
    left_s = None
    if status.state in LIVE and left and found.mean_s is not None:
        workers = max(1, workers_asked(store.studies.get(status.name).spec))
        left_s = found.mean_s * left / min(workers, left)
    return Headline(status, found.rate, found.nulls, left_s)


def _by_study(counts: Iterable[G1Count]) -> dict[str, CountedG1]:
    found: dict[str, CountedG1] = {}
    for count in counts:
        found[count.study] = found.get(count.study, CountedG1()).plus(count)
    return found


def mean_seconds(durations: Sequence[Duration]) -> float | None:
    """The mean over runs; None where there is none."""
    num_runs = sum(found.num_runs for found in durations)
    if not num_runs:
        return None
    return sum(found.mean_s * found.num_runs for found in durations) / num_runs
