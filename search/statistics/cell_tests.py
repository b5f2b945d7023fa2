"""What a run's items say of it beside its baseline's: the tests of its cells.

Owns: McNemar's p, exact and mid, and the item bootstrap of each cell, and the bootstrap of the mean
delta. Seeded: the same counts give the same interval. Does not cover: a correction for looking at
several cells or many runs, nor the configuration's worth, of which one run says little (``seeds``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from search.statistics.bootstrap import bootstrap_mean, bootstrap_net
from search.statistics.mcnemar import mcnemar_test
from search.statistics.pairs import Pairs


@dataclass(frozen=True)
class CellTests:
    """Of one cell.

    Attributes:
        mcnemar_exact: Two-sided p.
        mcnemar_mid: The same, mid-p.
        interval: 95% of the delta, pp, from resampled items; None with fewer than two items.
        pr_positive: Share of resamples with a positive delta; None likewise.
    """

    mcnemar_exact: float
    mcnemar_mid: float
    interval: tuple[float, float] | None
    pr_positive: float | None


@dataclass(frozen=True)
class RunTests:
    """Of one run; ``mean_interval`` is of its mean delta, pp, None where a cell has none."""

    cells: Mapping[str, CellTests]
    mean_interval: tuple[float, float] | None


def run_tests(cells: Mapping[str, Pairs]) -> RunTests:
    """The tests of a run from its cells' wins and losses; no cell, no tests."""
    if not cells or min(pairs.n_items for pairs in cells.values()) < 2:
        interval = None
    else:
        interval = bootstrap_mean(cells.values()).pp
    return RunTests({name: cell_tests(pairs) for name, pairs in cells.items()}, interval)


def cell_tests(pairs: Pairs) -> CellTests:
    """The tests of one cell."""
    two_sided = mcnemar_test(pairs.wins, pairs.losses).two_sided
    drawn = bootstrap_net(pairs) if pairs.n_items > 1 else None
    return CellTests(
        mcnemar_exact=two_sided.exact,
        mcnemar_mid=two_sided.mid,
        interval=drawn.pp if drawn else None,
        pr_positive=drawn.pr_positive if drawn else None,
    )
