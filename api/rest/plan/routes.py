"""``/studies/plan``: what a study would come to, without launching it.

Owns: its limits. Does not cover: how it is counted (``search.cost.planned``).
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from api.rest.json_body import json_body
from api.rest.openapi import problems
from api.rest.rate_limits import count_plan
from api.rest.store_provider import Configured, Store
from api.rest.studies.launching import plan_request
from api.rest.study_file import study_request
from api.views.plans import StudyPlan

router = APIRouter(tags=["studies"])


@router.post(
    "/studies/plan",
    dependencies=[Depends(count_plan)],
    responses=problems(400, 403, 409, 413, 415, 422, 429),
    openapi_extra=study_request(),
)
def plan_study(
    content: Annotated[Any, Depends(json_body)], store: Store, settings: Configured
) -> StudyPlan:
    """Count a study's configurations and runs and estimate their cost; nothing is stored.

    The body and its checks are those of a launch: what is refused there is refused here.
    """
    return plan_request(store, content, settings)
