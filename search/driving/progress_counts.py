"""Where a study stands, for whoever watches its driver: counts, the pace, a line for each run.

Owns: keeping the counts without asking the record at every step. Does not cover: what is told and
how the ETA comes about (``search.driving.progress``).
"""

from __future__ import annotations

from dataclasses import replace

from search.driving.progress import Observer, Pace, Progress, RunNote, title
from search.study.plan import Audit
from storage import AuditStore
from storage.new_rows import BASELINE, TREATMENT
from storage.records import DueRun, Run


class ProgressCounts:
    """Tells an observer where a study stands.

    Args:
        store: The record.
        audit: The study.
        observer: Who is told.
    """

    def __init__(self, store: AuditStore, audit: Audit, *, observer: Observer) -> None:
        self._store, self._audit, self._observer = store, audit, observer
        self.pace = Pace(audit.file.resources.workers)
        self._progress = Progress(done=0, total=0, g1=0, scored=0, failed=0)

    def expect(self, num_runs: int) -> None:
        """Count runs that an adaptive design proposed."""
        self._progress = replace(self._progress, total=self._progress.total + num_runs)

    def count_afresh(self) -> None:
        """Take the counts from the record: at the start, and where several change at once."""
        status = self._store.studies.status(self._audit.file.name)
        kinds = status.kinds.values()
        self._progress = Progress(
            done=sum(kind.completed + kind.failed for kind in kinds),
            total=sum(kind.total for kind in kinds),
            g1=status.g1,
            scored=status.scored,
            failed=sum(kind.failed for kind in kinds),
        )

    def count(self, run: Run) -> None:
        """Count a run that completed; a baseline may have given verdicts to runs before it."""
        if run.kind == BASELINE:
            self.count_afresh()
            return
        now, treated = self._progress, run.kind == TREATMENT
        self._progress = replace(
            now,
            done=now.done + 1,
            g1=now.g1 + (treated and bool(run.g1)),
            scored=now.scored + (treated and run.g1 is not None),
        )

    def note(self, kind: str, run: DueRun, text: str) -> RunNote:
        """A line about a run; its kind is one of ``RunNote``'s."""
        host = self._audit.hosts[run.host]
        name = title(
            f"{host.backbone} {host.adapter_label}",
            run.configuration,
            seed=run.seed,
            kind=run.kind,
            method=run.method,
        )
        return RunNote(kind=kind, run_id=run.id, title=name, text=text)

    def tell(self, note: RunNote | None, *, running: int, pending: int) -> None:
        """Tell the counts, and a line if there is one."""
        eta_s = self.pace.eta_s(pending)
        self._observer(replace(self._progress, running=running, eta_s=eta_s), note)
