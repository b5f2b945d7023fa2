"""``/champions``: each host's best G1 run."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.rest.names import AnyStudy
from api.rest.openapi import problems
from api.rest.store_provider import Store
from api.views import Champion
from api.views.shapes import run_shape

router = APIRouter(tags=["rates"])


@router.get("/champions", response_model=list[Champion], responses=problems(404, 422))
def list_champions(store: Store, study: AnyStudy = None) -> JSONResponse:
    """List per study and host the G1 run with the largest mean delta.

    The best of many is biased upward: confirm a champion on fresh seeds before calling it better.
    """
    found = store.rates.champions(study)
    return JSONResponse([{"study": run.study, **run_shape(run)} for run in found])
