"""Which runs of a study, and in what order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.views.base import RunState, Text, Verdict
from storage.records import RunFilter

Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Real = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Null = Literal["null"]
Sort = Literal[
    "position",
    "mean_delta",
    "worst_delta",
    "g1",
    "layer",
    "slots",
    "mixer",
    "gradient_scale",
    "writeback_rule",
    "writeback_gate",
    "alpha",
    "scope",
    "train_until",
    "warmup_identity",
]

_PLAIN = ("state", "g1", "verdict", "kind", "backbone", "adapter", "seed", "configuration_id")


class RunQuery(BaseModel):
    """Which runs, in what order, and where to go on. ``null`` asks for runs without a value."""

    model_config = ConfigDict(extra="forbid")

    state: RunState | None = None
    g1: bool | None = None
    verdict: Verdict | None = None
    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,20}$")] | None = Field(
        default=None, description="treatment, baseline, or a kind of null run"
    )
    backbone: Text | None = None
    adapter: Text | None = Field(default=None, description="its label, such as lora-r8")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    configuration_id: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    layer: Whole | None = None
    slots: Whole | None = None
    mixer: Text | None = None
    writeback_rule: Text | None = None
    writeback_gate: Text | None = None
    alpha: Real | None = None
    scope: Text | None = None
    train_until: Whole | Null | None = None
    warmup_identity: Whole | None = None
    gradient_scale: Real | Null | None = None
    sort: Sort = Field(
        default="position",
        description="position: the plan's order; mean_delta, worst_delta and g1: largest first; "
        "an axis: smallest first",
    )
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, description="a page's X-Next-Cursor, with the same sort and filters"
    )

    @property
    def where(self) -> RunFilter:
        """The filter."""
        asked = self.model_dump(exclude_unset=True, exclude={"sort", "limit", "cursor"})
        asked = {key: value for key, value in asked.items() if value is not None}
        plain = {key: asked.pop(key) for key in list(asked) if key in _PLAIN}
        axes = {key: None if value == "null" else value for key, value in asked.items()}
        return RunFilter(**plain, axes=axes)
