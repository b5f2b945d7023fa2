"""What each host's deltas vary by, and what its configurations are worth without their luck.

Owns: the table that the model is fitted to: configurations with a verdict at every seed of the
host, on every benchmark, evaluated in full. Inert ones are left out, since they are the baseline.
Does not cover: the model (``search.statistics.variance``, ``shrinkage``), hosts together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from search.statistics.shrinkage import ShrunkenMean, shrunken_means
from search.statistics.variance import FEWEST, VarianceSplit, delta_table, variance_split
from storage import AuditStore
from storage.paired_outcomes import PairedOutcomes
from storage.verdict import INERT

_TOO_FEW = "{} of its configurations {} a verdict at every seed and a changed response"


@dataclass(frozen=True)
class HostWorths:
    """One host.

    Attributes:
        backbone: The backbone.
        adapter: The adapter's label.
        seeds: Seeds that the model is of.
        configurations: Configurations that it is of.
        left_out: Configurations that are inert, or lack a verdict at some seed.
        split: What deltas vary by; None with a reason.
        shrunken: By configuration; empty with a reason.
        kept: The share of a difference between configurations that is not luck.
        reason: What cannot be said, and why; None where all can.
    """

    backbone: str
    adapter: str
    seeds: int
    configurations: int
    left_out: int
    split: VarianceSplit | None
    shrunken: Mapping[str, ShrunkenMean]
    kept: float | None
    reason: str | None


def host_worths(store: AuditStore, study: str) -> list[HostWorths]:
    """Each host of a study that has a treatment with a verdict.

    Raises:
        StudyNotFound: No such study.
    """
    cells = store.runs.paired_outcomes(study)
    by_host = groupby(cells, key=lambda cell: (cell.backbone, cell.adapter))
    return [_host(*names, list(found)) for names, found in by_host]


def _host(backbone: str, adapter: str, cells: Sequence[PairedOutcomes]) -> HostWorths:
    benchmarks = list(dict.fromkeys(cell.benchmark for cell in cells))
    seeds = list(dict.fromkeys(cell.seed for cell in cells))
    found: dict[str, dict[tuple[int, str], PairedOutcomes]] = defaultdict(dict)
    for cell in cells:
        found[cell.configuration_id][cell.seed, cell.benchmark] = cell
    whole = [
        name
        for name, ours in found.items()
        if len(ours) == len(seeds) * len(benchmarks)
        and any(cell.verdict != INERT for cell in ours.values())
    ]
    left_out = len(found) - len(whole)
    counts = (len(seeds), len(whole), left_out)
    if len(whole) < FEWEST:
        reason = _TOO_FEW.format(len(whole), "has" if len(whole) == 1 else "have")
        return HostWorths(backbone, adapter, *counts, None, {}, None, reason)
    table = delta_table(
        [
            np.stack(
                [np.stack([_paired(found[name][seed, b]) for seed in seeds]) for name in whole]
            )
            for b in benchmarks
        ]
    )
    split, shrunken = variance_split(table), shrunken_means(table)
    return HostWorths(
        backbone,
        adapter,
        *counts,
        split=split,
        shrunken=dict(zip(whole, shrunken.means, strict=False)),
        kept=shrunken.kept,
        reason=shrunken.reason or split.reason,
    )


def _paired(cell: PairedOutcomes) -> NDArray[np.int8]:
    """+1 for a helped item, -1 for a hurt one, 0 for the others."""
    ours, theirs = (
        np.unpackbits(np.frombuffer(bits, np.uint8), count=cell.n_items).astype(np.int8)
        for bits in (cell.outcomes, cell.baseline_outcomes)
    )
    return ours - theirs
