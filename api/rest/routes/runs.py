"""``/studies/{name}/runs`` and ``/runs/{id}``: pages of runs, one run, its items.

Owns: where a listing goes on, in the headers ``Link`` and ``X-Next-Cursor``; bodies are bare lists,
as ``--json`` prints them. Does not cover: filters and orders (``storage.listing``).
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from api.rest.names import RunId, StudyName
from api.rest.openapi import problems
from api.rest.replies import item_page
from api.rest.schemas import Item, ItemQuery, Run, RunDetails, RunQuery
from api.rest.store_provider import Store
from api.shapes import run_details_shape, run_shape

router = APIRouter(tags=["runs"])
_NEXT_PAGE = {
    "headers": {
        "Link": {
            "description": 'the next page as rel="next"; absent on the last',
            "schema": {"type": "string"},
        },
        "X-Next-Cursor": {
            "description": "give it as cursor for the next page; absent on the last",
            "schema": {"type": "string"},
        },
    },
}


@router.get(
    "/studies/{name}/runs",
    response_model=list[Run],
    responses={200: _NEXT_PAGE, **problems(404, 422)},
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
    return JSONResponse(runs, headers=_next_page(request, page.next_cursor))


@router.get("/runs/{run_id}", response_model=RunDetails, responses=problems(404, 422))
def get_run(run_id: RunId, store: Store) -> JSONResponse:
    """Show one run: its configuration, its cells beside the baseline's, its losses."""
    shape = run_details_shape(store.runs.get(run_id), error_detail=store.runs.error_detail(run_id))
    return JSONResponse({**shape, "losses": list(store.runs.losses(run_id))})


@router.get(
    "/runs/{run_id}/items",
    response_model=list[Item],
    responses={200: _NEXT_PAGE, **problems(404, 410, 422)},
)
def list_items(
    run_id: RunId, query: Annotated[ItemQuery, Query()], request: Request, store: Store
) -> JSONResponse:
    """List what a run answered, item by item, with its baseline's answers beside.

    Of a cell that was not evaluated in full, the items that were asked.
    """
    items, cursor = item_page(
        store,
        run_id,
        benchmark=query.benchmark,
        first=int(query.cursor),
        limit=query.limit,
        prompts=query.prompts,
    )
    return JSONResponse(items, headers=_next_page(request, cursor))


def _next_page(request: Request, cursor: str | None) -> dict[str, str]:
    if cursor is None:
        return {}
    asked = {**request.query_params, "cursor": cursor}
    link = f'<{request.url.path}?{urlencode(asked)}>; rel="next"'
    return {"Link": link, "X-Next-Cursor": cursor}
