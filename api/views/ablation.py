"""One axis at a time around a run. Does not cover: the figures (``search.follow_ups.ablation``)."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from api.views.base import PointsPp, View
from api.views.runs import Configuration
from api.views.seeds import OverSeeds

if TYPE_CHECKING:
    from search.follow_ups.ablation import Ablation as Found
    from search.follow_ups.ablation import AxisEffect


class Centre(View):
    """The run's own configuration at the fresh seeds."""

    configuration: Configuration
    seeds: list[int] = Field(description="the fresh seeds that have a result")
    mean_delta: PointsPp
    g1_seeds: int = Field(description="seeds at which no benchmark loses")

    @classmethod
    def from_record(cls, found: Found) -> Self:
        """Of an ablation's centre."""
        return cls(
            configuration=Configuration.model_validate(found.origin.configuration),
            seeds=[run.seed for run in found.centre],
            mean_delta=fmean(run.mean_delta or 0.0 for run in found.centre),
            g1_seeds=sum(bool(run.g1) for run in found.centre),
        )


class AxisValue(View):
    """An axis and a value of it."""

    axis: str
    value: Any


class MeasuredValue(View):
    """The centre with one axis at another value."""

    axis: str
    value: Any
    configuration_id: str
    relative: OverSeeds = Field(description="its mean delta minus the centre's, seed by seed")
    cells: dict[str, float] = Field(description="the same by benchmark, mean over seeds, pp")
    mean_delta: PointsPp
    g1_seeds: int = Field(description="seeds at which no benchmark loses")
    dunnett_p: float | None = Field(
        description="against the centre that all values share; null where there is no test"
    )

    @classmethod
    def from_record(cls, effect: AxisEffect, *, dunnett_p: float | None) -> Self:
        """Of a measured neighbour."""
        return cls(
            axis=effect.neighbour.axis,
            value=effect.neighbour.value,
            configuration_id=effect.neighbour.identity,
            relative=OverSeeds.from_record(effect.relative),
            cells=dict(effect.cells),
            mean_delta=effect.mean_delta,
            g1_seeds=effect.g1_seeds,
            dunnett_p=dunnett_p,
        )


class DunnettTest(View):
    """The test of all values against the centre."""

    comparisons: int = Field(description="values that were compared with the centre")
    reason: str | None = Field(description="why there is none")


class Ablation(View):
    """What one axis at a time does around a run's configuration."""

    run: str = Field(description="the run's id")
    study: str
    backbone: str
    adapter: str = Field(description="its label, such as lora-r8")
    studies: list[str] = Field(description="where the runs are")
    centre: Centre
    values: list[MeasuredValue]
    dunnett: DunnettTest | None
    missing: list[AxisValue] = Field(description="values without a seed that the centre has, too")

    @classmethod
    def from_record(cls, found: Found) -> Self:
        """Of an ablation."""
        run, test = found.origin.run, found.against_centre
        p = {} if test is None else test.p
        return cls(
            run=run.id,
            study=run.study,
            backbone=run.backbone,
            adapter=run.adapter,
            studies=list(found.studies),
            centre=Centre.from_record(found),
            values=[
                MeasuredValue.from_record(effect, dunnett_p=p.get(effect.neighbour.identity))
                for effect in found.effects
            ],
            dunnett=None
            if test is None
            else DunnettTest(comparisons=test.comparisons, reason=test.reason),
            missing=[AxisValue(axis=gap.axis, value=gap.value) for gap in found.missing],
        )
