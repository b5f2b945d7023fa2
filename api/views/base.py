"""What all answers share: strictness, examples, and the types of numbers and texts.

Owns: no answer of its own.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RunState = Literal["pending", "running", "completed", "failed"]
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
Percent = Annotated[float, Field(description="percent")]
Interval = Annotated[
    list[float], Field(min_length=2, max_length=2, description="exact, 95%, as fractions")
]
Bounds = Annotated[
    tuple[float, float], Field(description="at least and at most, in percentage points")
]
PointsPp = Annotated[float, Field(description="percentage points")]
Text = Annotated[str, Field(max_length=300)]
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Real = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Null = Literal["null"]


class Answer(BaseModel):
    """Has the fields that it names and no other."""

    model_config = ConfigDict(extra="forbid")


def example(value: Any) -> ConfigDict:
    """A model's configuration with its example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [value]})
