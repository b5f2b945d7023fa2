"""Which answers are a run's drafts: its matched baseline's, as soon as that is done.

Owns: the artifacts of the completed baselines, read from the record when a driver begins and learnt
while it drives. A run is trained at once and waits before its first benchmark; a baseline, and a
run whose baseline failed, has no drafts. They are never another run's, so that the same run always
has the same ones.
Does not cover: decoding with them (``workers.generation``), runs that wait before their training
(``search.driving.baseline_gate``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from search.study.plan import Audit
from storage import AuditStore
from storage.matching import match_key
from storage.new_rows import BASELINE
from storage.records import DueRun, RunFilter
from workers.job.jobs import CellResult
from workers.job.recipe import takes_drafts

Drafts = Mapping[str, str]  # artifact by benchmark


class BaselineAnswers:
    """The drafts of one study's runs.

    Args:
        store: The record, read once for what is over.
        audit: The study.
    """

    def __init__(self, store: AuditStore, audit: Audit) -> None:
        self._known: dict[tuple[int, int], Drafts] = {}
        self._takes_drafts = takes_drafts(audit.recipe)
        if self._takes_drafts:
            self._read(store, audit.file.name)

    def of(self, run: DueRun) -> Drafts | None:
        """A run's drafts; None while its baseline is still to come."""
        if not self._takes_drafts or run.kind == BASELINE:
            return {}
        return self._known.get(match_key(run))

    def learn(self, run: DueRun, cells: Sequence[CellResult]) -> None:
        """A baseline is over: done with these cells, or failed for good without any."""
        if run.kind == BASELINE:
            self._known[match_key(run)] = {c.benchmark: c.responses.name for c in cells}

    def _read(self, store: AuditStore, study: str) -> None:
        for run in store.runs.iterate(study, RunFilter(kind=BASELINE)):
            if run.state in ("completed", "failed"):
                cells = {name: cell.responses_artifact for name, cell in run.cells.items()}
                self._known[match_key(run)] = cells
