"""What a study can see, from its file: the rate, the deltas and the seeds of a confirmation.

Owns: the number of runs and items that the powers are of, and the discordance that is assumed
before anything was run: the paper's (Table 11), 147 of GPQA's 792 items and 873 of the other three
benchmarks' 9,276; for any other benchmark all of them together. Does not cover: the formulas
(``search.statistics.power``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from search.statistics.power import (
    Cell,
    detectable_delta_pp,
    detectable_rate,
    run_noise_pp,
    seeds_needed,
)
from search.study.plan import Audit
from workers.suites.paper.suite import PAPER_BENCHMARKS

DISCORDANCE = {**dict.fromkeys(PAPER_BENCHMARKS, 0.094), "gpqa_diamond": 0.186}
ANY_DISCORDANCE = 0.101
CONFIRMED_PP = (0.5, 1.0)
_ADAPTIVE = "{} chooses its runs by their results: no test of its rate holds"
_NO_CONFIGURATIONS = "methods stand alone: there is no rate of configurations"
_EXACT = "runs that end early (verdicts: exact) have no counts, and the rotation test needs them"


@dataclass(frozen=True)
class StudyPower:
    """At the 5% level, with 80% power.

    Attributes:
        rate: The smallest G1 rate told from chance, on the host with the fewest runs; else None.
        runs: Treatment runs of that host against one baseline.
        seeds: Baselines of a host; their tests are combined.
        reason: Why there is no rate.
        delta_by_benchmark: The smallest delta of one run that McNemar's test sees, pp; None where
            it sees none.
        n_items: Items of each benchmark.
        discordance: What is assumed of each, a fraction of its items.
        noise_pp: Standard deviation of a run's mean delta from that discordance alone.
        confirmation_seeds: By mean delta in pp, the seeds with which a t test sees it.
    """

    rate: float | None
    runs: int
    seeds: int
    reason: str | None
    delta_by_benchmark: Mapping[str, float | None]
    n_items: Mapping[str, int]
    discordance: Mapping[str, float]
    noise_pp: float
    confirmation_seeds: Mapping[str, int]


def study_power(audit: Audit) -> StudyPower:
    """What the study can see."""
    n_items = {name: _num_items(audit.suite.items_file(name)) for name in audit.benchmarks}
    discordance = {name: DISCORDANCE.get(name, ANY_DISCORDANCE) for name in audit.benchmarks}
    cells = {name: Cell(n_items[name], discordance[name]) for name in audit.benchmarks}
    noise = run_noise_pp(cells)
    runs, seeds = min(audit.treatments_due()) // len(audit.file.seeds), len(audit.file.seeds)
    rate, reason = _rate(audit, runs=runs, seeds=seeds)
    return StudyPower(
        rate=rate,
        runs=runs,
        seeds=seeds,
        reason=reason,
        delta_by_benchmark={name: detectable_delta_pp(cell) for name, cell in cells.items()},
        n_items=n_items,
        discordance=discordance,
        noise_pp=noise,
        confirmation_seeds={f"{pp:g}": seeds_needed(pp, noise_pp=noise) for pp in CONFIRMED_PP},
    )


def _rate(audit: Audit, *, runs: int, seeds: int) -> tuple[float | None, str | None]:
    if not audit.file.has_treatments:
        return None, _NO_CONFIGURATIONS
    if audit.adaptive:
        return None, _ADAPTIVE.format(audit.file.design.sampler)
    if audit.file.verdicts == "exact":
        return None, _EXACT
    found = detectable_rate(runs, cells=len(audit.benchmarks), seeds=seeds)
    return found.rate, found.reason


def _num_items(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for line in lines if line.strip())
