"""Runs that hardly differ from each other: one of each group stands for it.

Owns: the choice of distinct runs from outcomes of one host and seed. A run is a near-duplicate of
an earlier distinct run where they differ on at most ``NEAR`` of the mean discordance between two
runs; the first of a group, by position, is kept (Hartigan's leader algorithm, 1975, chapter 3).
Why: every test of a rate counts runs as if each had luck of its own. Ten settings of one axis that
train to the same model have one luck between them. The groups are found from the items that runs
disagree on, not from who is right more often, so keeping one of each does not choose by score.
Assumes: runs in the order in which they were planned. Does not cover: configurations that are alike
by name and not by outcome; those count as they are.

Measured (``benchmarks/statistics_size.py``): with 60 runs in 6 groups of identical runs the
rotation test rejects a true null in 9 to 13% and Fisher's test in 11%; over the distinct runs both
stay below 5%. Where runs are not grouped the rule keeps every one of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from search.statistics.exchangeability import discordances, outcomes

NEAR = 0.5
_ENTRIES = 4_000_000  # bytes of one comparison held in memory at once


def distinct_runs(treatments: ArrayLike, baseline: ArrayLike) -> list[int]:
    """Rows of ``treatments`` that are no near-duplicate of an earlier one.

    Args:
        treatments: Right or wrong, [K, items].
        baseline: The baseline's, [items]; it is no leader, for a run close to it is no duplicate
            of another run.

    Raises:
        StatisticsError: As in ``discordances``.
    """
    runs, base = outcomes(treatments, baseline)
    between = discordances(runs, base).treatment_treatment
    if between is None:
        return [0]
    packed = np.packbits(runs, axis=1)
    leaders = np.empty_like(packed)
    kept: list[int] = []
    for row, bits in enumerate(packed):
        if _nearest(leaders[: len(kept)], bits) > NEAR * between:
            leaders[len(kept)] = bits
            kept.append(row)
    return kept


def _nearest(leaders: Any, bits: Any) -> float:
    """Fewest items on which the run differs from a leader; infinite where there is none."""
    fewest = float("inf")
    step = max(1, _ENTRIES // len(bits))
    for start in range(0, len(leaders), step):
        differing = np.bitwise_count(leaders[start : start + step] ^ bits).sum(axis=1)
        fewest = min(fewest, float(differing.min()))
    return fewest
