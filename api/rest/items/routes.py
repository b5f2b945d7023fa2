"""``/runs/{id}/items``: what a run answered, item by item."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.rest.items.query import ItemQuery
from api.rest.items.replies import item_page
from api.rest.names import RunId
from api.rest.openapi import problems
from api.rest.pages import NEXT_PAGE, next_page
from api.rest.store_provider import Store
from api.views.items import Item

router = APIRouter(tags=["runs"])


@router.get(
    "/runs/{run_id}/items",
    responses={200: NEXT_PAGE, **problems(404, 410, 422)},
)
def list_items(
    run_id: RunId,
    query: Annotated[ItemQuery, Query()],
    request: Request,
    response: Response,
    store: Store,
) -> list[Item]:
    """List what a run answered, item by item, with its baseline's answers.

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
    response.headers.update(next_page(request, cursor))
    return items
