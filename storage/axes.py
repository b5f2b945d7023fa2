"""The six axes as columns: the one list of them in the record.

Owns: how a canonical configuration becomes columns, and which columns an axis name stands for: the
six axes (`writeback` and `trainability` have several columns, and their values are mappings), and
each of those columns alone. Does not cover: which values are allowed (the configuration comes
checked), words for people (`search.study.axes`), the columns in SQL (`storage.axis_columns`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.errors import PlanError, QueryError

SIX: Mapping[str, Mapping[str, str]] = {
    "layer": {"layer": "layer"},
    "slots": {"slots": "slots"},
    "mixer": {"mixer": "mixer"},
    "writeback": {"rule": "writeback_rule", "gate": "writeback_gate", "alpha": "alpha"},
    "trainability": {
        "scope": "scope",
        "train_until": "train_until",
        "warmup_identity": "warmup_identity",
    },
    "gradient_scale": {"gradient_scale": "gradient_scale"},
}
"""By axis, the columns of its value: one of its own name, or one for each key of a mapping."""

COLUMNS = tuple(column for columns in SIX.values() for column in columns.values())
"""Every column that a configuration has."""

AXES: Mapping[str, Mapping[str, str]] = {**{name: {name: name} for name in COLUMNS}, **SIX}
"""All that runs can be counted and filtered by."""


def to_columns(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a canonical configuration.

    Raises:
        PlanError: if one of the axes is missing.
    """
    try:
        return {
            column: configuration[axis] if key == axis else configuration[axis][key]
            for axis, columns in SIX.items()
            for key, column in columns.items()
        }
    except (KeyError, TypeError) as error:
        raise PlanError(f"a configuration lacks {error}: {dict(configuration)}") from None


def axis_columns(axis: str) -> Mapping[str, str]:
    """Return the columns an axis name stands for, by their keys in its value.

    Raises:
        QueryError: if there is no such axis.
    """
    if axis not in AXES:
        raise QueryError(f"there is no axis '{axis}'; use one of {', '.join(sorted(AXES))}")
    return AXES[axis]


def axis_value(axis: str, values: tuple[object, ...]) -> object:
    """Return an axis's value from its columns' values: a scalar, or a mapping for several."""
    columns = axis_columns(axis)
    return values[0] if len(columns) == 1 else dict(zip(columns, values, strict=True))
