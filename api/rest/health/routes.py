"""``/health``: whether the process lives, and whether it can serve. Open to everybody."""

from __future__ import annotations

from fastapi import APIRouter

from api.rest.openapi import problems
from api.rest.store_provider import Store
from api.views.service import Health

router = APIRouter(tags=["health"])


@router.get("/health/live", responses=problems())
async def health_live() -> Health:
    """Say that the process answers; the database is not asked."""
    return Health(status="live")


@router.get("/health/ready", responses=problems())
def health_ready(store: Store) -> Health:
    """Say whether the database answers and its tables fit this program; 503 where not."""
    store.ping()
    return Health(status="ready")
