"""``/studies/{name}/runs`` and ``/runs/{id}``: pages of runs, and one run.

Owns: these answers. Does not cover: filters and orders (``storage.listing``).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.rest.names import RunId, StudyName
from api.rest.openapi import problems
from api.rest.pages import NEXT_PAGE, next_page
from api.rest.runs.query import RunQuery
from api.rest.store_provider import Store
from api.views.runs import Run, RunDetails

router = APIRouter(tags=["runs"])


@router.get(
    "/studies/{name}/runs",
    responses={200: NEXT_PAGE, **problems(404, 422)},
)
def list_runs(
    name: StudyName,
    query: Annotated[RunQuery, Query()],
    request: Request,
    response: Response,
    store: Store,
) -> list[Run]:
    """List a study's runs, baselines included, a page at a time.

    A cursor names a place in the order, not a number of runs: pages neither skip nor repeat runs
    while others are added.
    """
    page = store.runs.page(
        name, query.where, sort=query.sort, limit=query.limit, cursor=query.cursor
    )
    response.headers.update(next_page(request, page.next_cursor))
    return [Run.from_record(run) for run in page.runs]


@router.get("/runs/{run_id}", responses=problems(404, 422))
def get_run(run_id: RunId, store: Store) -> RunDetails:
    """Show one run: its configuration, its cells and the baseline's, its losses."""
    return RunDetails.from_record(
        store.runs.get(run_id),
        losses=store.runs.losses(run_id),
        rests_on=store.runs.rests_on(run_id),
        error_detail=store.runs.error_detail(run_id),
    )
