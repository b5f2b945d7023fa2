"""A study that lists its configurations instead of spanning axes.

Owns: what the listed entries are on a host (canonical, each once) and the axes that hold them all,
which Optuna's record needs. Does not cover: spaces of axes (``search.study.space``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.errors import StudyFileError
from search.study.keys import Axes, Listed
from search.study.space import build_space


def spanning_axes(listed: Sequence[Listed]) -> Axes:
    """The smallest axes whose space holds every listed configuration."""
    values: dict[str, list[Any]] = {name: [] for name in Axes.model_fields}
    for entry in listed:
        for name, value in entry.point().items():
            if value not in values[name]:
                values[name].append(value)
    return Axes(**values)


def listed_points(
    listed: Sequence[Listed],
    *,
    backbone: str,
    num_layers: int,
    block: Mapping[str, object],
    max_steps: int,
) -> list[dict[str, object]]:
    """The listed configurations on one backbone, in canonical form and in order.

    Raises:
        StudyFileError: A value is not allowed, or two entries are the same model.
    """
    points: list[dict[str, Any]] = []
    for number, entry in enumerate(listed):
        try:
            space = build_space(
                spanning_axes([entry]),
                backbone=backbone,
                num_layers=num_layers,
                block=block,
                max_steps=max_steps,
            )
        except StudyFileError as error:
            msg = str(error).replace("axes.", f"configurations.{number}.", 1)
            raise StudyFileError(msg) from error
        point = space.point(0)
        if point in points:
            msg = (
                f"configurations.{number}: the same model as configurations."
                f"{points.index(point)} on {backbone}; each may occur once"
            )
            raise StudyFileError(msg)
        points.append(point)
    return points
