"""``/studies/plan``: what a study would come to, without launching it.

Owns: the answer's model and its limits. Does not cover: how it is counted (``api.rest.planning``).
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.rest.launching import plan_request, study_body
from api.rest.limits import count_plan
from api.rest.openapi import problems, study_request
from api.rest.record import Configured, Store

router = APIRouter(tags=["studies"])
_PLAN = {
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


class BasedOn(BaseModel):
    """Whose runs an estimate is made from."""

    model_config = ConfigDict(extra="forbid")

    studies: list[str]
    runs: int


class Estimate(BaseModel):
    """What the runs will take, if they take what runs like them took."""

    model_config = ConfigDict(extra="forbid")

    seconds_per_run: float
    wall_s: float = Field(description="with the workers that the study asks for")
    cpu_s: float = Field(description="compute of all runs times the CPUs of each")
    based_on: BasedOn


class StudyPlan(BaseModel):
    """How large a study is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_PLAN]})

    configurations: int = Field(description="distinct ones, over all hosts")
    runs: int = Field(description="treatments: configurations times seeds")
    baselines: int
    nulls: int
    estimate: Estimate | None = Field(
        description="none where a backbone was never run on these benchmarks"
    )


@router.post(
    "/studies/plan",
    response_model=StudyPlan,
    dependencies=[Depends(count_plan)],
    responses=problems(400, 403, 409, 413, 415, 422, 429),
    openapi_extra=study_request(),
)
def plan_study(
    content: Annotated[Any, Depends(study_body)], store: Store, settings: Configured
) -> JSONResponse:
    """Count a study's configurations and runs and estimate their cost; nothing is stored.

    The body and its checks are those of a launch: what is refused there is refused here.
    """
    return JSONResponse(plan_request(store, content, settings))
