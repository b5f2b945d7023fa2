"""``/studies/{name}/runs`` and ``/runs/{id}``: pages of runs, one run, its items.

Owns: the page's cursor, in the body and as a ``Link`` header. Does not cover: filters and orders
(``storage.listing``).
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from api.rest.answers import item_page
from api.rest.names import RunId, StudyName
from api.rest.openapi import problems
from api.rest.record import Store
from api.rest.schemas import ItemPage, ItemQuery, RunDetails, RunPage, RunQuery
from api.shapes import run_details_shape, run_shape

router = APIRouter(tags=["runs"])
_LINK = {
    "headers": {
        "Link": {
            "description": 'the next page as rel="next"; absent on the last',
            "schema": {"type": "string"},
        }
    },
}


@router.get(
    "/studies/{name}/runs",
    response_model=RunPage,
    responses={200: _LINK, **problems(404, 422)},
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
    content = {"items": [run_shape(run) for run in page.runs], "next_cursor": page.next_cursor}
    return JSONResponse(content, headers=_next_link(request, page.next_cursor))


@router.get("/runs/{run_id}", response_model=RunDetails, responses=problems(404, 422))
def get_run(run_id: RunId, store: Store) -> JSONResponse:
    """Show one run: its configuration, its cells beside the baseline's, its losses."""
    run = store.runs.get(run_id)
    return JSONResponse({**run_details_shape(run), "losses": list(store.runs.losses(run_id))})


@router.get(
    "/runs/{run_id}/items",
    response_model=ItemPage,
    responses={200: _LINK, **problems(404, 410, 422)},
)
def list_items(
    run_id: RunId, query: Annotated[ItemQuery, Query()], request: Request, store: Store
) -> JSONResponse:
    """List what a run answered, item by item, with its baseline's answers beside."""
    page = item_page(
        store,
        run_id,
        benchmark=query.benchmark,
        first=int(query.cursor),
        limit=query.limit,
    )
    return JSONResponse(page, headers=_next_link(request, page["next_cursor"]))


def _next_link(request: Request, cursor: str | None) -> dict[str, str]:
    if cursor is None:
        return {}
    asked = {**request.query_params, "cursor": cursor}
    return {"Link": f'<{request.url.path}?{urlencode(asked)}>; rel="next"'}
