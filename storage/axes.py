"""The six axes as columns.

Owns: how a canonical configuration becomes columns, and which columns an axis name stands for:
the six axes (`writeback` and `trainability` have several columns and their values are mappings),
and each of their columns alone.
Does not cover: which values are allowed; the configuration comes checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from storage.errors import PlanError, QueryError
from storage.models import Configuration

Column = InstrumentedAttribute[Any]

_WRITEBACK = {
    "rule": Configuration.writeback_rule,
    "gate": Configuration.writeback_gate,
    "alpha": Configuration.alpha,
}
_TRAINABILITY = {
    "scope": Configuration.scope,
    "train_until": Configuration.train_until,
    "warmup_identity": Configuration.warmup_identity,
}
_SINGLE = {
    "layer": Configuration.layer,
    "slots": Configuration.slots,
    "mixer": Configuration.mixer,
    "gradient_scale": Configuration.gradient_scale,
    "writeback_rule": Configuration.writeback_rule,
    "writeback_gate": Configuration.writeback_gate,
    "alpha": Configuration.alpha,
    "scope": Configuration.scope,
    "train_until": Configuration.train_until,
    "warmup_identity": Configuration.warmup_identity,
}
AXES: Mapping[str, Mapping[str, Column]] = {
    "writeback": _WRITEBACK,
    "trainability": _TRAINABILITY,
    **{name: {name: column} for name, column in _SINGLE.items()},
}


def to_columns(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a canonical configuration.

    Raises:
        PlanError: if one of the axes is missing.
    """
    try:
        writeback, trainability = configuration["writeback"], configuration["trainability"]
        return {
            **{key: configuration[key] for key in ("layer", "slots", "mixer", "gradient_scale")},
            "writeback_rule": writeback["rule"],
            "writeback_gate": writeback["gate"],
            "alpha": writeback["alpha"],
            **{key: trainability[key] for key in _TRAINABILITY},
        }
    except (KeyError, TypeError) as error:
        raise PlanError(f"a configuration lacks {error}: {dict(configuration)}") from None


def axis_columns(axis: str) -> Mapping[str, Column]:
    """Return the columns an axis name stands for, by their names in its value.

    Raises:
        QueryError: if there is no such axis.
    """
    if axis not in AXES:
        raise QueryError(f"there is no axis '{axis}'; use one of {', '.join(sorted(AXES))}")
    return AXES[axis]


def axis_value(axis: str, values: tuple[Any, ...]) -> Any:
    """Return an axis's value from its columns' values: a scalar, or a mapping for several."""
    columns = axis_columns(axis)
    return values[0] if len(columns) == 1 else dict(zip(columns, values, strict=True))
