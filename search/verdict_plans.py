"""How the runs of a study with ``verdicts: exact`` are evaluated: what is asked first.

Owns: the plans of treatments, from their matched baseline and from what earlier runs of the host
came to: per benchmark its seconds and how often it was lost, per item how often it was right.
Plans change what is asked first and never the verdict; so a study that was interrupted may ask
another part of a lost run's items, and comes to the same verdicts.
Does not cover: when a run is lost (``workers.cell_plans``), which runs wait for their baseline
(``search.baseline_gate``). Baselines and null runs have no plan: they are evaluated in full.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from search.plan import Audit
from search.statistics import CellForecast, loss_probability, order_cells
from storage import AuditStore
from storage.plans import BASELINE, TREATMENT
from storage.records import DueRun, RunFilter
from workers.cell_plans import CellPlan

_MOST_READ = 64  # runs of a host whose items are read again when a driver takes over

Answers = Mapping[str, Mapping[int, bool]]  # by benchmark and item number


@dataclass
class _CellHistory:
    """What a host's runs came to on one benchmark."""

    right: Any  # [n_items], times an item was answered right, baselines included
    asked: Any
    seconds: list[float] = field(default_factory=list)
    runs: int = 0
    losses: int = 0

    @property
    def forecast_s(self) -> float:
        return sum(self.seconds) / len(self.seconds)


class VerdictPlans:
    """The plans of one study's runs; it learns from each that ends.

    Args:
        store: The record, read once for what is completed.
        audit: The study.
    """

    def __init__(self, store: AuditStore, audit: Audit) -> None:
        self._benchmarks = audit.benchmarks
        self._baselines: dict[tuple[int, int], dict[str, int]] = {}
        self._hosts: dict[int, dict[str, _CellHistory]] = defaultdict(dict)
        self._read(store, audit.file.name, kind=BASELINE)
        self._read(store, audit.file.name, kind=TREATMENT)

    @property
    def baselines(self) -> set[tuple[int, int]]:
        """Hosts and seeds whose baseline is known."""
        return set(self._baselines)

    def learn(
        self, host: int, *, kind: str, seed: int, answers: Answers, seconds: Mapping[str, float]
    ) -> None:
        """Take in a completed run; ``seed`` is its baseline's. Null runs teach nothing."""
        if kind == BASELINE:
            self._learn_baseline(host, seed=seed, answers=answers)
        elif kind != TREATMENT:
            return
        for benchmark, found in answers.items():
            if found:
                history = self._hosts[host][benchmark]
                _count(history, found, seconds=seconds[benchmark])
                if kind == TREATMENT:
                    wrong = len(found) - sum(found.values())
                    history.runs += 1
                    history.losses += self._plan(host, seed, benchmark).is_lost(wrong=wrong)

    def of(self, run: DueRun) -> tuple[tuple[str, ...], dict[str, CellPlan]]:
        """A treatment's benchmarks, the cheapest verdict first, and the plan of each."""
        host = self._hosts[run.host]
        forecasts = [
            CellForecast(
                name, host[name].forecast_s, loss_probability(host[name].losses, host[name].runs)
            )
            for name in self._benchmarks
        ]
        order = order_cells(forecasts)
        return order, {name: self._plan(run.host, run.baseline_seed, name) for name in order}

    def _read(self, store: AuditStore, study: str, *, kind: str) -> None:
        read: Counter[int] = Counter()
        for run in store.runs.iterate(study, RunFilter(kind=kind, state="completed")):
            read[run.host] += 1
            if kind == BASELINE or read[run.host] <= _MOST_READ:
                seconds = {name: cell.seconds for name, cell in run.cells.items()}
                seconds |= {name: cell.seconds for name, cell in run.bounds.items()}
                seed, answers = run.baseline_seed, store.runs.answers(run.id)
                self.learn(run.host, kind=kind, seed=seed, answers=answers, seconds=seconds)

    def _learn_baseline(self, host: int, *, seed: int, answers: Answers) -> None:
        self._baselines[host, seed] = {name: sum(found.values()) for name, found in answers.items()}
        for name, found in answers.items():
            if name not in self._hosts[host]:
                zeros = np.zeros(len(found), dtype=int)
                self._hosts[host][name] = _CellHistory(zeros, zeros.copy())

    def _plan(self, host: int, seed: int, benchmark: str) -> CellPlan:
        history = self._hosts[host][benchmark]
        shares = (history.right + 0.5) / (history.asked + 1)
        return CellPlan(self._baselines[host, seed][benchmark], tuple(shares.tolist()))


def _count(history: _CellHistory, found: Mapping[int, bool], *, seconds: float) -> None:
    items = list(found)
    history.asked[items] += 1
    history.right[items] += np.fromiter(found.values(), dtype=int)
    history.seconds.append(seconds)
