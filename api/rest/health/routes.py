"""``/health``: whether the process lives, and whether it can serve. Open to everybody."""

from __future__ import annotations

from anyio import CapacityLimiter, fail_after, to_thread
from fastapi import APIRouter, Request

from api.rest.openapi import problems
from api.rest.store_provider import Record
from api.views.service import Health
from storage import StorageUnavailable
from storage.patience import patience

router = APIRouter(tags=["health"])
LONGEST_S = 5.0
_PROBES_AT_ONCE = 4


@router.get("/health/live", responses=problems())
async def health_live() -> Health:
    """Say that the process answers; the database is not asked."""
    return Health(status="live")


@router.get("/health/ready", responses=problems())
async def health_ready(request: Request) -> Health:
    """Say whether the database answers and its tables fit this program; 503 where not.

    Within seconds: a database that is frozen holds up neither the answer nor other probes, for they
    have threads of their own.
    """
    record: Record = request.app.state.record

    def ask() -> None:
        with patience(LONGEST_S):
            record.opened().ping()

    if not hasattr(request.app.state, "probes"):  # a limiter belongs to a running event loop
        request.app.state.probes = CapacityLimiter(_PROBES_AT_ONCE)
    try:
        with fail_after(LONGEST_S):
            probes = request.app.state.probes
            await to_thread.run_sync(ask, limiter=probes, abandon_on_cancel=True)
    except TimeoutError:
        raise StorageUnavailable(f"the record has not answered for {LONGEST_S:g} s") from None
    return Health(status="ready")
