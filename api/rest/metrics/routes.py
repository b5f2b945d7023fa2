"""``/metrics``: what all studies amount to, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from api.rest.metrics.prometheus import CONTENT_TYPE, Metrics
from api.rest.openapi import problems
from api.rest.store_provider import Store

router = APIRouter(tags=["health"])
_TEXT = {
    "description": "Prometheus text.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


@router.get("/metrics", response_class=PlainTextResponse, responses={200: _TEXT, **problems()})
def get_metrics(request: Request, store: Store) -> PlainTextResponse:
    """Count studies, runs, cells and G1 over the whole record, with run seconds and utilisation."""
    metrics: Metrics = request.app.state.metrics
    return PlainTextResponse(metrics.text(store), media_type=CONTENT_TYPE)
