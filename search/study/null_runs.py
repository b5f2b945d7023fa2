"""The null runs that a study asks for: the disturbance without the mechanism.

Owns: which seeds the seed nulls have, which configuration each sham stands in for, and both as
runs that are matched with the baseline at the study's first seed. Does not cover: the sham itself
(``talan.sham``), nor what a null rate says (``search.statistics.null_rate``).

Seed null: the adapter alone at another seed. Sham null: the baseline's own seed and a fixed random
direction where a configuration drawn from the study's points would put TALAN, so that shams follow
the space's layers and alphas. The ``seed`` of a sham null on record is its number, which its
direction is drawn from; it is trained at its ``baseline_seed``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from search.errors import StudyFileError
from search.study.file import StudyFile
from search.study.fresh_seeds import derived_seed, fresh_seeds
from search.study.space import Space
from storage.new_rows import SEED_NULL, SHAM_NULL, RunPlan
from talan import TalanConfig

Points = Space | Sequence[Mapping[str, Any]]


def null_runs(file: StudyFile, *, host: int, points: Points, first_position: int) -> list[RunPlan]:
    """A host's null runs.

    Args:
        file: The study.
        host: The host's index.
        points: The configurations that shams are drawn from.
        first_position: Where they begin in the plan.

    Raises:
        StudyFileError: Shams are asked for and no point has an alpha above 0.
    """
    baseline_seed = file.seeds[0]
    runs = [
        RunPlan(host, SEED_NULL, seed, first_position + place, baseline_seed=baseline_seed)
        for place, seed in enumerate(null_seeds(file))
    ]
    for number, point in enumerate(sham_points(file, points=points)):
        runs.append(
            RunPlan(
                host,
                SHAM_NULL,
                number,
                first_position + len(runs),
                configuration=point,
                configuration_id=TalanConfig.from_axes(point).configuration_id,
                baseline_seed=baseline_seed,
            )
        )
    return runs


def null_seeds(file: StudyFile) -> list[int]:
    """The seeds of a study's seed nulls; none is a seed of the study."""
    parts = ("seed-null", file.design.seed)
    return fresh_seeds(file.null_runs.seed, exclude=file.seeds, parts=parts)


def sham_points(file: StudyFile, *, points: Points) -> list[Mapping[str, Any]]:
    """The configuration of each sham, drawn with replacement.

    Points of strength 0 are left out: what disturbs nothing ties everywhere, and is no null.
    """
    if not file.null_runs.sham:
        return []
    size, point_at = _disturbing(points)
    if not size:
        msg = (
            f"null_runs.sham: {file.null_runs.sham} shams need a writeback of alpha above 0, and "
            "this study has none; allowed: 0"
        )
        raise StudyFileError(msg)
    return [
        point_at(random.Random(derived_seed("sham", file.design.seed, number)).randrange(size))
        for number in range(file.null_runs.sham)
    ]


def _disturbing(points: Points) -> tuple[int, Callable[[int], Mapping[str, Any]]]:
    """How many points have an alpha above 0, and how to get one by its number."""
    if isinstance(points, Space):
        kept = tuple(rule for rule in points.writebacks if rule["alpha"] > 0)
        space = replace(points, writebacks=kept)
        return space.size, space.point
    disturbing = [point for point in points if point["writeback"]["alpha"] > 0]
    return len(disturbing), disturbing.__getitem__
