"""The six axes: one table of their names, columns and words, and how their values are written.

Owns: which axes there are and in what order; what each is called in a title, in a column heading
and in the record; an axis's value and a whole configuration in words, the same in tables, pages,
figures and addresses. Does not cover: which values are allowed (``search.study.space``), the
columns' types (``storage.axes``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.axes import COLUMNS


@dataclass(frozen=True)
class Axis:
    """One axis of the space.

    Args:
        name: Its key in a configuration.
        title: In a sentence-case heading: ``Slots T``.
        short: In a narrow heading: ``T``.
    """

    name: str
    title: str
    short: str


AXES: tuple[Axis, ...] = (
    Axis("layer", "Layer", "layer"),
    Axis("slots", "Slots T", "T"),
    Axis("mixer", "Mixer", "mixer"),
    Axis("writeback", "Writeback", "writeback"),
    Axis("trainability", "Trainability", "trained"),
    Axis("gradient_scale", "Gradient scale gamma", "gamma"),
)
AXIS_NAMES = tuple(axis.name for axis in AXES)
NARROWING = (*AXIS_NAMES, *(name for name in COLUMNS if name not in AXIS_NAMES))
"""What runs can be narrowed by: the axes, and the columns of those that have several."""


def writeback_label(writeback: Mapping[str, Any]) -> str:
    """A writeback's short name: ``gate:vector:0.008`` or ``direct:0.008``.

    Alpha stands with all its digits: two writebacks never share a name.
    """
    alpha = repr(float(writeback["alpha"])).removesuffix(".0")
    parts = [writeback["rule"], writeback["gate"], alpha]
    return ":".join(part for part in parts if part)


def trainability_label(trainability: Mapping[str, object]) -> str:
    """A trainability's short name: ``all``, ``all/until=20``, ``frozen/warmup=35``."""
    label = str(trainability["scope"])
    if trainability["train_until"] is not None:
        label += f"/until={trainability['train_until']}"
    if trainability["warmup_identity"]:
        label += f"/warmup={trainability['warmup_identity']}"
    return label


def axis_label(axis: str, value: object) -> str:
    """Any axis's value in a few words: the same in tables, chips and addresses."""
    if isinstance(value, Mapping):
        return writeback_label(value) if axis == "writeback" else trainability_label(value)
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def axis_tick(value: object) -> str:
    """A value on a crowded figure: mixers lose what their names share, writebacks their colons."""
    if isinstance(value, float):
        return f"{value:g}"
    return (
        str(value)
        .replace("_attn", "")
        .replace("multihead_local", "multihead")
        .replace("per_token_mix", "per token")
        .replace(":vector:", " vec ")
        .replace(":scalar:", " scal ")
        .replace(":", " ")
    )


def configuration_words(configuration: Mapping[Any, Any]) -> list[str]:
    """A configuration in words: ``layer 3``, ``T 2``, ``cross_attn``, ..., ``gamma 500``.

    Args:
        configuration: In canonical form, or a row that holds the axes' values or labels. A gradient
            scale that is None or NaN means nothing there and is left out.
    """
    words = [
        f"layer {configuration['layer']}",
        f"T {configuration['slots']}",
        str(configuration["mixer"]),
        axis_label("writeback", configuration["writeback"]),
        axis_label("trainability", configuration["trainability"]),
    ]
    gamma = configuration["gradient_scale"]
    means_something = gamma is not None and not math.isnan(gamma)
    return [*words, f"gamma {gamma:g}"] if means_something else words
