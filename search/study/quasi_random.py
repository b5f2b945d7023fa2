"""Quasi-random points of a space: scipy's Sobol sequence, as distinct configurations.

Owns: which points are taken, in which order. Does not cover: how many, and which points may be
(``search.study.designs``).
"""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import qmc

from search.study.space import Space

_TRIES_PER_POINT = 50


def sobol_points(
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
    for _ in range(_TRIES_PER_POINT):
        landed = map(space.index_at, sequence.random(batch))
        chosen.update(dict.fromkeys(index for index in landed if index not in null))
        if len(chosen) >= wanted:
            break
    else:
        chosen.update(dict.fromkeys(living))
    return [space.point(index) for index in list(chosen)[:wanted]]
