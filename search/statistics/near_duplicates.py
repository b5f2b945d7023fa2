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

import numpy as np
from numpy.typing import ArrayLike

from search.statistics.exchangeability import discordances, outcomes
from search.statistics.packed_words import Words, packed_words

NEAR = 0.5


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
    words = packed_words(runs).T.copy()  # [words, K]: the leaders' words lie side by side
    leaders = np.empty_like(words)
    kept: list[int] = []
    for row in range(words.shape[1]):
        if not kept or _nearest(leaders[:, : len(kept)], words[:, row]) > NEAR * between:
            leaders[:, len(kept)] = words[:, row]
            kept.append(row)
    return kept


def _nearest(leaders: Words, run: Words) -> int:
    """Fewest items on which the run differs from a leader."""
    differing = np.zeros(leaders.shape[1], dtype=np.int32)
    for theirs, ours in zip(leaders, run, strict=True):
        differing += np.bitwise_count(theirs ^ ours)
    return int(differing.min())
