"""The null runs that a study asks for: the disturbance without the mechanism.

Owns: which seeds the seed nulls have, which configuration each sham stands in for, and all kinds
as runs that are matched with the baseline at the study's first seed, or at each of its seeds. Does
not cover: the sham itself (``talan.sham``), the jitter (``workers.training.jitter``), nor what a
null rate says (``search.statistics.null_kinds``).

Seed null: the adapter alone at another seed. Sham null: the baseline's own seed and a fixed random
direction where a configuration drawn from the study's points would put TALAN, so that shams follow
the space's layers and alphas. Jitter null: the baseline's own seed, and the adapter's first weights
moved a little. The ``seed`` of a sham or a jitter on record is its number, which its draw follows
from; it is trained at its ``baseline_seed``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from search.errors import StudyFileError
from search.study.fresh_seeds import derived_seed, fresh_seeds
from search.study.keys import StudyFile
from search.study.space import Space
from storage.new_rows import JITTER_NULL, SEED_NULL, SHAM_NULL, RunPlan
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
    runs = [
        *_seed_nulls(file, host=host),
        *_sham_nulls(file, host=host, points=points),
        *_jitter_nulls(file, host=host),
    ]
    return [replace(run, position=first_position + place) for place, run in enumerate(runs)]


def null_seeds(file: StudyFile) -> list[int]:
    """The seeds of a study's seed nulls; none is a seed of the study."""
    number = file.null_runs.seed * len(file.null_runs.at_seeds(file.seeds))
    parts = ("seed-null", file.design.seed)
    return fresh_seeds(number, exclude=file.seeds, parts=parts)


def sham_points(file: StudyFile, *, points: Points) -> list[Mapping[str, object]]:
    """The configuration of each sham, drawn with replacement.

    Points of strength 0 are left out: what disturbs nothing ties everywhere, and is no null.
    """
    number = file.null_runs.num_shams * len(file.null_runs.at_seeds(file.seeds))
    if not number:
        return []
    size, point_at = _disturbing(points)
    if not size:
        msg = (
            f"null_runs.sham: {file.null_runs.num_shams} shams need a writeback of alpha above 0, "
            "and this study has none; allowed: 0"
        )
        raise StudyFileError(msg)
    return [
        point_at(random.Random(derived_seed("sham", file.design.seed, index)).randrange(size))
        for index in range(number)
    ]


def _seed_nulls(file: StudyFile, *, host: int) -> Iterator[RunPlan]:
    for place, seed in enumerate(null_seeds(file)):
        baseline_seed = _baseline_seed(file, place, count=file.null_runs.seed)
        yield RunPlan(host, SEED_NULL, seed, 0, baseline_seed=baseline_seed)


def _sham_nulls(file: StudyFile, *, host: int, points: Points) -> Iterator[RunPlan]:
    for number, point in enumerate(sham_points(file, points=points)):
        yield RunPlan(
            host,
            SHAM_NULL,
            number,
            0,
            configuration=point,
            configuration_id=TalanConfig.from_axes(point).configuration_id,
            baseline_seed=_baseline_seed(file, number, count=file.null_runs.num_shams),
        )


def _jitter_nulls(file: StudyFile, *, host: int) -> Iterator[RunPlan]:
    count = file.null_runs.jitter
    for number in range(count * len(file.null_runs.at_seeds(file.seeds))):
        baseline_seed = _baseline_seed(file, number, count=count)
        yield RunPlan(host, JITTER_NULL, number, 0, baseline_seed=baseline_seed)


def _baseline_seed(file: StudyFile, place: int, *, count: int) -> int:
    """Numbers go on from seed to seed, so that more seeds leave the first ones' nulls as they are.

    A kind has ``count`` runs per seed.
    """
    return file.null_runs.at_seeds(file.seeds)[place // count]


def _disturbing(points: Points) -> tuple[int, Callable[[int], Mapping[str, object]]]:
    """How many points have an alpha above 0, and how to get one by its number."""
    if isinstance(points, Space):
        kept = tuple(rule for rule in points.writebacks if rule["alpha"] > 0)
        space = replace(points, writebacks=kept)
        return space.size, space.point
    disturbing = [point for point in points if point["writeback"]["alpha"] > 0]
    return len(disturbing), disturbing.__getitem__
