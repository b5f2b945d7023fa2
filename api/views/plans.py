"""What a study would come to. Does not cover: the figures (``search.cost.planned``)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self

from pydantic import Field

from api.views.base import View, example
from api.views.power import Power

if TYPE_CHECKING:  # torch comes with them, and reading a record needs none of it
    from search.cost.cost import StudyEstimate
    from search.cost.planned import PlannedStudy

PLAN = {
    "configurations": 24,
    "runs": 24,
    "baselines": 1,
    "nulls": 0,
    "estimate": {
        "seconds_per_run": 8.2,
        "wall_s": 102.5,
        "cpu_s": 205.0,
        "based_on": {"studies": ["tiny-lora-grid"], "runs": 25},
    },
    "power": {
        "rate": 0.62,
        "runs": 24,
        "seeds": 1,
        "reason": None,
        "delta_by_benchmark": {"gpqa_diamond": 8.54, "gsm8k_cot": 2.37},
        "n_items": {"gpqa_diamond": 198, "gsm8k_cot": 1319},
        "discordance": {"gpqa_diamond": 0.186, "gsm8k_cot": 0.094},
        "noise_pp": 1.59,
        "confirmation_seeds": {"0.5": 82, "1": 22},
    },
    "notes": [],
}


class BasedOn(View):
    """Whose runs an estimate is made from."""

    studies: list[str]
    runs: int = Field(description="earlier runs")


class Estimate(View):
    """What the runs will take, if they take what runs like them took."""

    seconds_per_run: float = Field(description="on average over all runs")
    wall_s: float = Field(description="with the workers that the study asks for")
    cpu_s: float = Field(description="compute of all runs times the CPUs of each")
    based_on: BasedOn

    @classmethod
    def from_record(cls, estimate: StudyEstimate) -> Self | None:
        """Of an estimate; None where a host was never run with this recipe on these benchmarks."""
        total_s, wall_s = estimate.compute_s, estimate.wall_s
        if total_s is None or wall_s is None:
            return None
        earlier: Counter[str] = Counter()
        for host in estimate.hosts:
            earlier.update(host.earlier)
        return cls(
            seconds_per_run=total_s / estimate.runs,
            wall_s=wall_s,
            cpu_s=total_s * estimate.cpus_per_run,
            based_on=BasedOn(studies=sorted(earlier), runs=earlier.total()),
        )


class StudyPlan(View):
    """How large a study is."""

    model_config = example(PLAN)

    configurations: int = Field(description="distinct ones, over all hosts")
    runs: int = Field(description="treatments: configurations times seeds")
    baselines: int = Field(description="one a host and seed")
    nulls: int = Field(description="null runs of every kind")
    estimate: Estimate | None = Field(
        description="none where a host was never run with this recipe on these benchmarks"
    )
    power: Power
    notes: list[str] = Field(description="what to know before launching; nothing is refused")

    @classmethod
    def from_record(cls, planned: PlannedStudy) -> Self:
        """Of a study that is not launched."""
        return cls(
            configurations=planned.configurations,
            runs=planned.runs,
            baselines=planned.baselines,
            nulls=planned.nulls,
            estimate=Estimate.from_record(planned.estimate),
            power=Power.from_record(planned.power),
            notes=list(planned.notes),
        )
