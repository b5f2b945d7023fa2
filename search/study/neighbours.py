"""Points near a point: what an adaptive search runs where its proposal was run already.

Owns: the order of a space's other points by how many of their factors differ. Does not cover: which
of them are free (``search.driving.optuna_record``).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from search.study.space import Space


def neighbours(
    space: Space, configuration: Mapping[str, object], *, seed: int
) -> Iterator[dict[str, object]]:
    """All other points of a space, those that differ in the fewest factors first.

    Trainability and gradient scale are one factor, as in the space. Points at one distance come in
    an order drawn from ``seed``, so that no axis and no end of it is preferred.

    Args:
        space: The space of the host.
        configuration: A point of it, in canonical form.
        seed: Of the order.
    """
    draw = random.Random(seed)
    chosen = _positions(space, configuration)
    others = [
        draw.sample([p for p in range(len(factor)) if p != own], k=len(factor) - 1)
        for factor, own in zip(space.factors, chosen, strict=True)
    ]
    for distance in range(1, len(chosen) + 1):
        changes = list(itertools.combinations(range(len(chosen)), distance))
        if distance == 1:  # one order over all factors, not factor by factor
            near = [(number, position) for (number,) in changes for position in others[number]]
            for number, position in draw.sample(near, k=len(near)):
                yield _moved(space, chosen, {number: position})
            continue
        for numbers in draw.sample(changes, k=len(changes)):
            for positions in itertools.product(*(others[number] for number in numbers)):
                yield _moved(space, chosen, dict(zip(numbers, positions, strict=True)))


def _positions(space: Space, configuration: Mapping[str, Any]) -> list[int]:
    """Where a configuration's value stands in each factor."""
    mode = (dict(configuration["trainability"]), configuration["gradient_scale"])
    return [
        space.layers.index(configuration["layer"]),
        space.slots.index(configuration["slots"]),
        space.mixers.index(configuration["mixer"]),
        [dict(w) for w in space.writebacks].index(dict(configuration["writeback"])),
        [(dict(trainability), gamma) for trainability, gamma in space.modes].index(mode),
    ]


def _moved(space: Space, chosen: Sequence[int], changed: Mapping[int, int]) -> dict[str, object]:
    index = 0
    for number, factor in enumerate(space.factors):
        index = index * len(factor) + changed.get(number, chosen[number])
    return space.point(index)
