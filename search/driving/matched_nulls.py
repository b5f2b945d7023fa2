"""Null runs that are as far from their baseline as the treatments are: when they can run, to what.

Owns: the baselines' artifacts that distances are measured against; holding matched null runs back
until every treatment of their host is over; their target, the median distance of the treatments of
their baseline; and the order among them. The first of a group (a host, a seed, a kind) runs alone
and searches its scale from the beginning; the others begin at the scale that it found. So the same
study comes to the same scales whatever is interrupted, and whichever worker is quicker.
Does not cover: the search (``workers.run.scale_search``).
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from statistics import median

from search.errors import StudyFileError
from search.study.plan import Audit
from storage import AuditStore
from storage.matching import match_key
from storage.new_rows import BASELINE, JITTER_NULL, SHAM_NULL, TREATMENT
from storage.records import DueRun, Run, RunFilter
from workers.job.jobs import TrainResult
from workers.job.null_matching import HeldOut, KlMatch

MEASURED = (TREATMENT, SHAM_NULL, JITTER_NULL)

Group = tuple[int, int, str]


class MatchedNulls:
    """The matched null runs of one study; nothing is held where it asks for none.

    Args:
        store: The record, read once for what is over.
        audit: The study.
    """

    def __init__(self, store: AuditStore, audit: Audit) -> None:
        nulls = audit.file.null_runs
        self._store, self._study = store, audit.file.name
        self._measures = nulls.is_matched
        self._kinds = {JITTER_NULL} | ({SHAM_NULL} if nulls.matches_shams else set())
        self._held: dict[str, DueRun] = {}
        self._artifacts: dict[tuple[int, int], str] = {}
        self._first: dict[Group, str] = {}
        self._scales: dict[Group, float | None] = {}  # of groups whose first run is over
        if self._measures:
            self._read()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def measured(self) -> tuple[str, ...]:
        """Kinds of runs whose distance from their baseline is measured."""
        return MEASURED if self._measures else ()

    def holds(self, run: DueRun) -> bool:
        """Whether a due run has to wait for the treatments; it is kept then."""
        if not self._measures or run.kind not in self._kinds:
            return False
        self._held[run.id] = run
        return True

    def free(self, *, busy: Container[int]) -> list[DueRun]:
        """What need not wait any longer, given the hosts that treatments are still run on."""
        freed = [
            run
            for run in sorted(self._held.values(), key=lambda run: run.position)
            if run.host not in busy
            and (run.id == self._first[_group(run)] or _group(run) in self._scales)
        ]
        self.drop(run.id for run in freed)
        return freed

    def drop(self, run_ids: Iterable[str]) -> None:
        """Forget runs that are no longer due."""
        for run_id in run_ids:
            self._held.pop(run_id, None)

    def learn(self, run: DueRun, trained: TrainResult | None) -> None:
        """A run is over: completed with what it was trained to, or failed for good (None)."""
        if trained is not None and trained.held_out is not None:
            self._artifacts[match_key(run)] = trained.held_out.name
        if run.id == self._first.get(_group(run)):
            self._scales[_group(run)] = None if trained is None else trained.null_scale

    def held_out(self, run: DueRun) -> HeldOut | None:
        """How a run's distance is measured; None before its baseline is done.

        Of seed nulls and self-checks it is not: a seed null sees other examples, and a self-check
        is at distance 0 or fails its own check.
        """
        if self._measures and run.kind == BASELINE:
            return HeldOut()
        if self._measures and run.kind in MEASURED:
            artifact = self._artifacts.get(match_key(run))
            return None if artifact is None else HeldOut(artifact)
        return None

    def match(self, run: DueRun) -> KlMatch | None:
        """What a matched null run is scaled to; None for any other run.

        Raises:
            StudyFileError: No treatment of its baseline differs from it.
        """
        if not self._measures or run.kind not in self._kinds:
            return None
        found = [
            kl
            for host, seed, kl in self._store.runs.distances(self._study, kind=TREATMENT)
            if (host, seed) == match_key(run) and kl > 0
        ]
        if not found:
            msg = (
                f"no completed treatment of seed {run.baseline_seed} on this host is off its "
                "baseline on held-out training examples: there is no distance to match"
            )
            raise StudyFileError(msg)
        return KlMatch(median(found), start=self._scales.get(_group(run)))

    def _read(self) -> None:
        for run in self._store.runs.iterate(self._study, RunFilter(kind=BASELINE)):
            if run.held_out_artifact is not None:
                self._artifacts[match_key(run)] = run.held_out_artifact
        for kind in sorted(self._kinds):
            for run in self._store.runs.iterate(self._study, RunFilter(kind=kind)):
                first = self._first.setdefault(_group(run), run.id)
                if run.id == first and run.state in ("completed", "failed"):
                    self._scales[_group(run)] = run.null_scale


def _group(run: DueRun | Run) -> Group:
    return *match_key(run), run.kind
