"""A method on a host, over the seeds of a study: a row of our Table 2 and Table 9.

Owns: the mean delta with its interval, its cells, how many are not below the baseline, and the
G1 split over seeds. Hosts are never pooled: a mean over them has no interval and is not taken.
Does not cover: single runs (``search.methods.rows``).

With one seed the interval is the paired bootstrap over items; with several, Student's over seeds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from search.methods.rows import MethodRow
from search.statistics.exact import exact_mean
from search.statistics.seeds import seed_summary
from storage.records import Run


@dataclass(frozen=True)
class MethodSummary:
    """A method on a host.

    Attributes:
        label: The method's name, with its settings where the study has it several times.
        words: The method with its settings.
        backbone: Of the host.
        adapter: Of the host.
        rows: Its runs, a seed each.
        mean_delta: Over seeds, pp; None while no run has one.
        interval: 95%, pp; None where one cannot be given.
        interval_method: What it is of, in words.
        cells: Mean delta over seeds by benchmark, pp.
        not_below: Benchmarks whose mean delta is 0 or more.
        verdicts: Seeds by verdict.
        null_mean: The null's mean delta over seeds, pp.
    """

    label: str
    words: str
    backbone: str
    adapter: str
    rows: tuple[MethodRow, ...]
    mean_delta: float | None
    interval: tuple[float, float] | None
    interval_method: str
    cells: dict[str, float]
    not_below: int
    verdicts: dict[str, int]
    null_mean: float | None

    @property
    def first(self) -> MethodRow:
        """Its run at the study's first seed."""
        return self.rows[0]


def summarised(rows: Sequence[MethodRow]) -> list[MethodSummary]:
    """The rows by method and host, in their order."""
    groups: dict[tuple[str, str, str, str], list[MethodRow]] = {}
    for row in rows:
        key = (row.run.study, row.words, row.run.backbone, row.run.adapter)
        groups.setdefault(key, []).append(row)
    settings: dict[str, set[str]] = {}
    for row in rows:
        settings.setdefault(row.method, set()).add(row.words)
    return [_summary(tuple(g), several=len(settings[g[0].method]) > 1) for g in groups.values()]


def _summary(rows: tuple[MethodRow, ...], *, several: bool) -> MethodSummary:
    run = rows[0].run
    means = _means([row.run for row in rows])
    cells = _cells([row.run for row in rows])
    interval, how = _interval(rows, means)
    verdicts = Counter(row.run.verdict or "tied or inert" for row in rows if row.run.g1 is not None)
    nulls = _means([row.null for row in rows if row.null is not None])
    return MethodSummary(
        label=rows[0].words if several else rows[0].method,
        words=rows[0].words,
        backbone=run.backbone,
        adapter=run.adapter,
        rows=rows,
        mean_delta=float(exact_mean(means)) if means else None,
        interval=interval,
        interval_method=how,
        cells={name: float(delta) for name, delta in cells.items()},
        not_below=sum(delta >= 0 for delta in cells.values()),
        verdicts=dict(verdicts),
        null_mean=float(exact_mean(nulls)) if nulls else None,
    )


def _interval(
    rows: Sequence[MethodRow], means: Sequence[Fraction]
) -> tuple[tuple[float, float] | None, str]:
    if len(means) > 1:
        return seed_summary(means).interval, f"Student's t over {len(means)} seeds"
    return rows[0].tests.mean_interval, "paired bootstrap over items, one seed"


def _means(runs: Sequence[Run]) -> list[Fraction]:
    return [mean for run in runs if (mean := run.exact_mean_delta) is not None]


def _cells(runs: Sequence[Run]) -> dict[str, Fraction]:
    found: dict[str, list[Fraction]] = {}
    for run in runs:
        for name, cell in run.cells.items():
            if cell.exact_delta is not None:
                found.setdefault(name, []).append(cell.exact_delta)
    return {name: exact_mean(deltas) for name, deltas in found.items()}
