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

from search import study
from search.study.space import Space


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
        return study.sobol_points(space, living=living, wanted=wanted, seed=seed)
    if sampler == "grid" and wanted == len(living):
        return [space.point(index) for index in living]
    chosen = random.Random(seed).sample(living, wanted)
    return [space.point(index) for index in (sorted(chosen) if sampler == "grid" else chosen)]
