"""What a study would come to."""

from __future__ import annotations

from pydantic import Field

from api.views.base import Answer, example

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
}


class BasedOn(Answer):
    """Whose runs an estimate is made from."""

    studies: list[str]
    runs: int


class Estimate(Answer):
    """What the runs will take, if they take what runs like them took."""

    seconds_per_run: float
    wall_s: float = Field(description="with the workers that the study asks for")
    cpu_s: float = Field(description="compute of all runs times the CPUs of each")
    based_on: BasedOn


class StudyPlan(Answer):
    """How large a study is."""

    model_config = example(PLAN)

    configurations: int = Field(description="distinct ones, over all hosts")
    runs: int = Field(description="treatments: configurations times seeds")
    baselines: int
    nulls: int
    estimate: Estimate | None = Field(
        description="none where a host was never run with this recipe on these benchmarks"
    )
