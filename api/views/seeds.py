"""Deltas over seeds. Does not cover: the figures (``search.statistics.seeds``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from api.views.base import IntervalPp, PointsPp, View

if TYPE_CHECKING:
    from search.statistics.seeds import SeedSummary


class OverSeeds(View):
    """One delta a seed; null is what one seed or no spread cannot tell."""

    n: int = Field(description="deltas")
    mean: PointsPp
    std: float | None = Field(description="sample standard deviation, percentage points")
    interval: IntervalPp | None = Field(description="Student's, 95%, in percentage points")
    t: float | None = Field(description="paired t: mean / (std / sqrt(n))")
    two_sided: float | None = Field(description="its p")
    one_sided: float | None = Field(description="its p against a mean that is not positive")
    positive: int | None = Field(description="deltas above 0")
    wilcoxon_p: float | None = Field(description="two-sided p of the signed ranks")

    @classmethod
    def from_record(cls, found: SeedSummary) -> Self:
        """Of a summary."""
        ends = found.interval
        return cls(**{**vars(found), "interval": None if ends is None else list(ends)})
