"""What a run is told of its matched baseline before its first benchmark, and which runs wait.

Owns: the baselines that are over, read from the record when a driver begins and learnt while it
drives, and the artifacts of their answers, which are the drafts of their runs. A run is trained at
once and waits before its first benchmark; a baseline waits for nothing. Drafts are never another
run's, so that the same run always has the same ones. A run whose baseline failed has none; it is
evaluated all the same, unless there is nothing to ask without a baseline: a run that ends as soon
as its verdict is known, or whose distance is measured.
Does not cover: decoding with drafts (``workers.generation``), runs that wait before their training
(``search.driving.matched_nulls``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from search.study.plan import Audit
from storage import AuditStore
from storage.matching import match_key
from storage.new_rows import BASELINE
from storage.records import DueRun, RunFilter
from workers.job.jobs import CellResult
from workers.job.recipe import takes_drafts

Drafts = Mapping[str, str]  # artifact by benchmark


class BaselineAnswers:
    """The baselines of one study's runs.

    Args:
        store: The record, read once for what is over.
        audit: The study.
        needed_by: Kinds of runs that are not evaluated without a baseline.
    """

    def __init__(self, store: AuditStore, audit: Audit, *, needed_by: Iterable[str] = ()) -> None:
        self._over: dict[tuple[int, int], Drafts] = {}
        self._takes_drafts = takes_drafts(audit.recipe)
        self._needed_by = frozenset(needed_by)
        self._read(store, audit.file.name)

    def of(self, run: DueRun) -> Drafts | None:
        """A run's drafts; None while it has to wait for its baseline."""
        if run.kind == BASELINE or not (self._takes_drafts or run.kind in self._needed_by):
            return {}
        over = self._over.get(match_key(run))
        return over if over is None or self._takes_drafts else {}

    def lacks(self, run: DueRun) -> bool:
        """Whether a run cannot be evaluated, for its baseline failed."""
        return run.kind in self._needed_by and self._over.get(match_key(run)) == {}

    def learn(self, run: DueRun, cells: Sequence[CellResult]) -> None:
        """A baseline is over: done with these cells, or failed for good without any."""
        if run.kind == BASELINE:
            self._over[match_key(run)] = {c.benchmark: c.responses.name for c in cells}

    def _read(self, store: AuditStore, study: str) -> None:
        for run in store.runs.iterate(study, RunFilter(kind=BASELINE)):
            if run.state in ("completed", "failed"):
                cells = {name: cell.responses_artifact for name, cell in run.cells.items()}
                self._over[match_key(run)] = cells
