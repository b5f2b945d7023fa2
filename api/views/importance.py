"""How much each axis matters. Does not cover: the shares (``search.follow_ups.importance``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from api.views.base import Fraction, View

if TYPE_CHECKING:
    from search.follow_ups.importance import AxisImportance, HostImportance

Share = Annotated[float, Field(description="of what varies, a fraction")]


class AxisShare(View):
    """An axis's share of what varies."""

    axis: str
    importance: Share
    interval: tuple[float, float] | None = Field(description="95%, from resampled trials")
    reference: float | None = Field(description="the 95% point of its share in shuffled trials")
    important: bool | None = Field(
        description="whether chance gives any axis such a share in fewer than 5% of studies"
    )

    @classmethod
    def from_record(cls, found: AxisImportance) -> Self:
        """Of an axis."""
        return cls(
            axis=found.axis,
            importance=found.share,
            interval=found.interval,
            reference=found.reference,
            important=found.important,
        )


class Importance(View):
    """The axes of a study on one host; without axes, ``reason`` says why."""

    study: str
    backbone: str
    adapter: str = Field(description="its label, such as lora-r8")
    by: str = Field(description="mean_delta, or feasibility: G1 at every seed")
    trials: int = Field(description="completed trials")
    feasible: int = Field(description="of them G1 at every seed")
    method: str | None = Field(description="anova (exact), fanova or ped-anova")
    r2: float | None = Field(description="a forest's R2 out of bag; null for exact shares")
    resamples: int = Field(description="that the intervals are from")
    shuffles: int = Field(description="that the references are from")
    axes: list[AxisShare] = Field(description="the largest share first")
    together: Fraction | None = Field(
        description="with exact shares what is left to interactions and noise"
    )
    reason: str | None = Field(description="why nothing can be said")
    design: str = Field(description="the sampler; tpe and nsga2 chose trials by results")
    notes: list[str]

    @classmethod
    def from_record(
        cls, found: HostImportance, *, study: str, by: str, design: str, notes: Sequence[str]
    ) -> Self:
        """Of a host."""
        return cls(
            study=study,
            backbone=found.backbone,
            adapter=found.adapter,
            by=by,
            trials=found.trials,
            feasible=found.feasible,
            method=found.method,
            r2=found.r2,
            resamples=found.resamples,
            shuffles=found.shuffles,
            axes=[AxisShare.from_record(axis) for axis in found.axes],
            together=found.together,
            reason=found.reason,
            design=design,
            notes=list(notes),
        )
