"""What all views share: strictness, examples, and the types of numbers and texts.

Owns: no view of its own. A view names its fields with their units; it is made from a value of the
record by ``from_record`` or ``from_row``, and both faces print it as it is.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RunState = Literal["pending", "running", "completed", "failed"]
Verdict = Literal["strict", "tied", "inert", "not_g1"]
Axis = Literal[
    "layer",
    "slots",
    "mixer",
    "writeback",
    "trainability",
    "gradient_scale",
    "writeback_rule",
    "writeback_gate",
    "alpha",
    "scope",
    "train_until",
    "warmup_identity",
]
WholeAxis = Literal["layer", "slots", "mixer", "writeback", "trainability", "gradient_scale"]
Percent = Annotated[float, Field(description="percent")]
Fraction = Annotated[float, Field(description="a fraction, 0 to 1")]
PointsPp = Annotated[float, Field(description="percentage points")]
Interval = Annotated[
    list[float], Field(min_length=2, max_length=2, description="exact, 95%, as fractions")
]
IntervalPp = Annotated[
    list[float], Field(min_length=2, max_length=2, description="95%, in percentage points")
]
Bounds = Annotated[
    tuple[float, float], Field(description="at least and at most, in percentage points")
]
Text = Annotated[str, Field(max_length=300)]


class View(BaseModel):
    """Has the fields that it names and no other."""

    model_config = ConfigDict(extra="forbid")


def example(value: Any) -> ConfigDict:
    """A view's configuration with its example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [value]})


def is_none(value: object) -> bool:
    """Whether a field that only some answers have is left out (``exclude_if``)."""
    return value is None
