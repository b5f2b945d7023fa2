"""``/studies/{name}/runs`` and ``/runs/{id}``: pages of runs, and one run.

Owns: these answers. Does not cover: filters and orders (``storage.listing``).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from api.rest.names import RunId, StudyName
from api.rest.openapi import problems
from api.rest.pages import NEXT_PAGE, next_page
from api.rest.runs.query import RunQuery
from api.rest.store_provider import Store
from api.views import Run, RunDetails
from api.views.shapes import run_details_shape, run_shape

router = APIRouter(tags=["runs"])


@router.get(
    "/studies/{name}/runs",
    response_model=list[Run],
    responses={200: NEXT_PAGE, **problems(404, 422)},
)
def list_runs(
    name: StudyName, query: Annotated[RunQuery, Query()], request: Request, store: Store
) -> JSONResponse:
    """List a study's runs, baselines included, a page at a time.

    A cursor names a place in the order, not a number of runs: pages neither skip nor repeat runs
    while others are added.
    """
    page = store.runs.page(
        name, query.where, sort=query.sort, limit=query.limit, cursor=query.cursor
    )
    runs = [run_shape(run) for run in page.runs]
    return JSONResponse(runs, headers=next_page(request, page.next_cursor))


@router.get("/runs/{run_id}", response_model=RunDetails, responses=problems(404, 422))
def get_run(run_id: RunId, store: Store) -> JSONResponse:
    """Show one run: its configuration, its cells beside the baseline's, its losses."""
    shape = run_details_shape(store.runs.get(run_id), error_detail=store.runs.error_detail(run_id))
    return JSONResponse({**shape, "losses": list(store.runs.losses(run_id))})
