"""``/studies/{name}/export``: a study as one table, streamed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api.rest.names import StudyName
from api.rest.openapi import problems
from api.rest.store_provider import Store
from api.views.export_stream import MEDIA_TYPES, export_stream

router = APIRouter(tags=["runs"])
_TABLE = {
    "description": "The table.",
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
    },
}


@router.get(
    "/studies/{name}/export",
    response_class=StreamingResponse,
    responses={200: _TABLE, **problems(404, 422)},
)
def export_study(
    name: StudyName,
    store: Store,
    file_format: Annotated[Literal["csv", "parquet"], Query(alias="format")] = "csv",
) -> StreamingResponse:
    """Download a study as one table: one row per cell (run x benchmark), the axes as columns.

    Runs without cells have one row with empty cell columns. Scores are in percent, deltas in
    percentage points.
    """
    store.studies.get(name)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{file_format}"'}
    chunks = export_stream(store.runs.iterate(name), file_format)
    return StreamingResponse(chunks, media_type=MEDIA_TYPES[file_format], headers=headers)
