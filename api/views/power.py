"""What a study can see before it is run. Does not cover: the formulas (``search.cost.power``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from api.views.base import Fraction, View

if TYPE_CHECKING:
    from search.cost.power import StudyPower


class Power(View):
    """What the study can see at the 5% level with 80% power."""

    rate: Fraction | None = Field(
        description="the smallest G1 rate that the rotation test tells from chance, on the host "
        "with the fewest runs"
    )
    runs: int = Field(description="that host's treatments against one baseline")
    seeds: int = Field(description="baselines of a host; their tests are combined")
    reason: str | None = Field(description="why there is no rate")
    delta_by_benchmark: dict[str, float | None] = Field(
        description="the smallest delta of one run that McNemar's test sees, percentage points; "
        "null where it sees none"
    )
    n_items: dict[str, int] = Field(description="items by benchmark")
    discordance: dict[str, float] = Field(
        description="assumed share of items that only one of run and baseline gets right"
    )
    noise_pp: float = Field(description="of a run's mean delta, from that discordance alone, pp")
    confirmation_seeds: dict[str, int] = Field(
        description="seeds with which a t test sees a mean delta, by the delta in percentage points"
    )

    @classmethod
    def from_record(cls, found: StudyPower) -> Self:
        """Of a study's power."""
        return cls(
            rate=found.rate,
            runs=found.runs,
            seeds=found.seeds,
            reason=found.reason,
            delta_by_benchmark=dict(found.delta_by_benchmark),
            n_items=dict(found.n_items),
            discordance=dict(found.discordance),
            noise_pp=found.noise_pp,
            confirmation_seeds=dict(found.confirmation_seeds),
        )
