"""How the runs of a study with ``verdicts: exact`` are evaluated: what is asked first.

Owns: each host's history, read from the record when a driver begins and learnt while it drives.
Plans change what is asked first and never the verdict; so a study that was interrupted may ask
another part of a lost run's items, and comes to the same verdicts.
Does not cover: what follows from a history (``search.driving.host_history``), which runs wait for
their baseline (``search.driving.baseline_answers``). Baselines and null runs have no plan: they are
evaluated in full, for the one is what all is compared with and of the others the deltas are wanted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from search.driving.host_history import Answers, HostHistory
from search.study.plan import Audit
from storage import AuditStore
from storage.new_rows import BASELINE, TREATMENT
from storage.records import DueRun, RunFilter
from workers.job.cell_plans import CellPlan

_MOST_READ = 64  # runs of a host whose items are read again when a driver takes over


class VerdictPlans:
    """The plans of one study's runs; it learns from each that ends.

    Args:
        store: The record, read once for what is completed.
        audit: The study.
    """

    def __init__(self, store: AuditStore, audit: Audit) -> None:
        self._hosts: dict[int, HostHistory] = defaultdict(lambda: HostHistory(audit.benchmarks))
        self._read(store, audit.file.name, kind=BASELINE)
        self._read(store, audit.file.name, kind=TREATMENT)

    def knows(self, run: DueRun) -> bool:
        """Whether a run's baseline is known: before that it has no plan."""
        return run.baseline_seed in self._hosts[run.host].seeds

    def learn(
        self, host: int, *, kind: str, seed: int, answers: Answers, seconds: Mapping[str, float]
    ) -> None:
        """Take in a completed run; ``seed`` is its baseline's. Null runs teach nothing."""
        if kind == BASELINE:
            self._hosts[host].learn_baseline(seed, answers, seconds=seconds)
        elif kind == TREATMENT:
            self._hosts[host].learn(seed, answers, seconds=seconds)

    def of(self, run: DueRun) -> tuple[tuple[str, ...], dict[str, CellPlan]]:
        """A treatment's benchmarks, the cheapest verdict first, and the plan of each."""
        return self._hosts[run.host].plan(run.baseline_seed)

    def _read(self, store: AuditStore, study: str, *, kind: str) -> None:
        read: Counter[int] = Counter()
        for run in store.runs.iterate(study, RunFilter(kind=kind, state="completed")):
            read[run.host] += 1
            if kind == BASELINE or read[run.host] <= _MOST_READ:
                seconds = {name: cell.seconds for name, cell in run.cells.items()}
                seconds |= {name: cell.seconds for name, cell in run.bounds.items()}
                seed, answers = run.baseline_seed, store.runs.answers(run.id)
                self.learn(run.host, kind=kind, seed=seed, answers=answers, seconds=seconds)
