"""The runs of one baseline as arrays: what every test of a rate is computed from.

Owns: lining up the completed runs of a host that share a baseline, cell by cell and item by item,
with nothing taken for granted: runs that were not evaluated in full are counted and left out of the
arrays, and the caller decides what that forbids. Does not cover: the tests (``search.statistics``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.statistics import ComparedRuns, Discordances, discordances, distinct_runs
from storage.host_runs import HostCell, HostRun, HostRuns


@dataclass(frozen=True)
class BaselineGroup:
    """Runs of one kind that share a baseline.

    Attributes:
        seed: The baseline's seed.
        runs: Runs evaluated in full, in the order of the plan.
        ended_early: Runs with a verdict that were not evaluated in full.
        counts: Right answers, [1 + runs, cells]; row 0 is the baseline's.
        outcomes: Right or wrong, [1 + runs, items], all cells behind one another.
        sizes: Items of each cell, [cells].
    """

    seed: int
    runs: tuple[HostRun, ...]
    ended_early: int
    counts: NDArray[np.int64]
    outcomes: NDArray[np.bool_]
    sizes: tuple[int, ...]

    @property
    def net(self) -> NDArray[np.int64]:
        """Helped minus hurt items, [runs, cells]."""
        net: NDArray[np.int64] = self.counts[1:] - self.counts[0]
        return net

    @property
    def discordant(self) -> NDArray[np.int64]:
        """Helped plus hurt items, [runs, cells]."""
        differing = self.outcomes[1:] != self.outcomes[0]
        ends = np.cumsum((0, *self.sizes[:-1]))
        return np.add.reduceat(differing, ends, axis=1, dtype=np.int64)

    @property
    def law(self) -> Discordances:
        """Mean discordances between runs, and between runs and the baseline."""
        return discordances(self.outcomes[1:], self.outcomes[0])

    @property
    def distinct(self) -> list[int]:
        """Runs that are no near-duplicate of an earlier one, as rows of ``net``."""
        return distinct_runs(self.outcomes[1:], self.outcomes[0])

    def compared(self, rows: Sequence[int] | None = None) -> ComparedRuns:
        """The runs as a test against null runs takes them; all, unless rows are named."""
        chosen = list(range(len(self.runs))) if rows is None else list(rows)
        net = self.net[chosen]
        g1 = np.logical_and.reduce(net >= 0, axis=1)
        strict = g1 & np.logical_or.reduce(net > 0, axis=1)
        discordant = self.discordant[chosen].sum(axis=1)
        return ComparedRuns(
            self.seed, tuple(g1.tolist()), tuple(strict.tolist()), tuple(discordant.tolist())
        )


def baseline_groups(
    host: HostRuns, *, kind: str, among: Iterable[str] | None = None
) -> list[BaselineGroup]:
    """The host's runs of one kind by baseline, in the order of seeds.

    Args:
        host: All its runs.
        kind: Which runs.
        among: Ids of the runs that are wanted; all, unless given.
    """
    wanted = None if among is None else set(among)
    by_seed: dict[int, list[HostRun]] = {}
    for run in host.runs:
        if run.kind == kind and (wanted is None or run.id in wanted):
            by_seed.setdefault(run.baseline_seed, []).append(run)
    found = [_group(seed, by_seed[seed], host.baselines.get(seed, {})) for seed in sorted(by_seed)]
    return [group for group in found if group is not None]


def _group(
    seed: int, runs: Sequence[HostRun], baseline: Mapping[str, HostCell]
) -> BaselineGroup | None:
    if not baseline:
        return None
    names = sorted(baseline)
    full = tuple(run for run in runs if run.cells.keys() == baseline.keys())
    lined_up = [baseline, *(run.cells for run in full)]
    return BaselineGroup(
        seed=seed,
        runs=full,
        ended_early=len(runs) - len(full),
        counts=np.array([[cells[name].n_correct for name in names] for cells in lined_up]),
        outcomes=np.concatenate([_bits(lined_up, name) for name in names], axis=1),
        sizes=tuple(baseline[name].n_items for name in names),
    )


def _bits(lined_up: Sequence[Mapping[str, HostCell]], name: str) -> NDArray[np.bool_]:
    """One cell's outcomes of all rows, [rows, items]."""
    packed = np.frombuffer(b"".join(cells[name].outcomes for cells in lined_up), dtype=np.uint8)
    count = lined_up[0][name].n_items
    return np.unpackbits(packed.reshape(len(lined_up), -1), axis=1, count=count).astype(bool)
