"""The designs that are known before anything runs: grid, random and quasi-random points.

Owns: which configurations an enumerated design takes from a space, always distinct ones, always
the same for the same seed, never a null intervention (a block that stays the identity). Does not
cover: adaptive samplers, which need results to choose (``search.driving.optuna_record``).

What the rates over them mean: ``grid``, ``random`` and ``qmc`` points do not depend on results, so
a G1 rate over them estimates the rate of the space; over ``tpe`` or ``nsga2`` it does not.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from scipy.stats import qmc

from search.study.space import Space

_QMC_TRIES_PER_POINT = 50


def enumerated(
    space: Space, *, sampler: str, limit: int | None, seed: int
) -> list[dict[str, object]]:
    """The configurations of an enumerated design, in the order in which they are due.

    Args:
        space: The host's space.
        sampler: ``grid``: every point once, or a seeded sample without replacement where there
            are more than ``limit``, in grid order; ``random``: a seeded sample without replacement
            in random order; ``qmc``: the first distinct points of a scrambled Sobol sequence.
        limit: The most configurations to take; None: all (``grid`` only).
        seed: The design's seed.
    """
    null = space.null_interventions
    living: Sequence[int] = range(space.size)
    if null:
        living = [index for index in living if index not in null]
    wanted = len(living) if limit is None else min(limit, len(living))
    if sampler == "qmc":
        return _quasi_random(space, living=living, wanted=wanted, seed=seed)
    if sampler == "grid" and wanted == len(living):
        return [space.point(index) for index in living]
    chosen = random.Random(seed).sample(living, wanted)
    return [space.point(index) for index in (sorted(chosen) if sampler == "grid" else chosen)]


def _quasi_random(
    space: Space, *, living: Sequence[int], wanted: int, seed: int
) -> list[dict[str, object]]:
    """The first distinct points of a scrambled Sobol sequence (scipy's), a power of two at a time.

    A sequence that keeps landing on taken points has nearly filled the space: the points still
    missing after 50 tries each are taken in the space's order.
    """
    sequence = qmc.Sobol(d=len(space.factors), scramble=True, rng=seed)
    chosen: dict[int, None] = {}  # an ordered set of point numbers
    null = space.null_interventions
    batch = 1 << max(4, (wanted - 1).bit_length())
    for _ in range(_QMC_TRIES_PER_POINT):
        landed = map(space.index_at, sequence.random(batch))
        chosen.update(dict.fromkeys(index for index in landed if index not in null))
        if len(chosen) >= wanted:
            break
    else:
        chosen.update(dict.fromkeys(living))
    return [space.point(index) for index in list(chosen)[:wanted]]
