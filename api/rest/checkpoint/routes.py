"""``/runs/{id}/checkpoint``: a run's model folder as a tar, streamed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.rest.names import RunId
from api.rest.openapi import problems
from api.rest.store_provider import Store
from dashboards.model_card import exported_model
from storage.folder_tar import write_tar

router = APIRouter(tags=["runs"])
_TAR = {
    "description": "A tar with one folder: adapter, block, model card.",
    "content": {"application/x-tar": {"schema": {"type": "string", "format": "binary"}}},
}
_CHUNK_BYTES = 1 << 20


@router.get(
    "/runs/{run_id}/checkpoint",
    response_class=StreamingResponse,
    responses={200: _TAR, **problems(404, 410, 422)},
)
def download_checkpoint(run_id: RunId, store: Store) -> StreamingResponse:
    """Download a run's trained model: a tar with one folder, checked against its hash.

    The folder holds the adapter, the TALAN block and a model card. Unpack it and load it with
    `from talan import from_pretrained`.
    """
    with ExitStack() as on_failure:
        # The whole of it before the first byte: an error then has a status.
        file = on_failure.enter_context(tempfile.TemporaryFile())
        with exported_model(store, run_id) as folder:
            write_tar(folder.parent, file)
            name = folder.name
        on_failure.pop_all()  # the answer closes it
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.tar"',
        "Content-Length": str(file.tell()),
    }
    return StreamingResponse(_chunks(file), media_type="application/x-tar", headers=headers)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
