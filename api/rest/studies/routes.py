"""``/studies``: launch, list, look at, resume, stop.

Owns: the statuses and headers of these answers. Does not cover: driving; the scheduler does that.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.rest.json_body import json_body
from api.rest.names import StudyName
from api.rest.openapi import problems
from api.rest.rate_limits import count_launch
from api.rest.store_provider import Configured, Store
from api.rest.studies.launching import launch_request
from api.rest.study_file import study_request
from api.views.studies import StudyStatus
from search.study.draw import check_draw
from storage import AuditStore

router = APIRouter(tags=["studies"])
_LOCATION = {
    "headers": {
        "Location": {
            "description": "where the study is",
            "schema": {"type": "string", "format": "uri-reference"},
        }
    },
    "description": "Accepted.",
}


@router.post(
    "/studies",
    status_code=202,
    dependencies=[Depends(count_launch)],
    responses={202: _LOCATION, **problems(400, 403, 409, 413, 415, 422, 429)},
    openapi_extra=study_request(),
)
def launch_study(
    content: Annotated[Any, Depends(json_body)],
    store: Store,
    settings: Configured,
    response: Response,
) -> StudyStatus:
    """Launch the audit that a study file (as JSON) describes; a scheduler then drives it.

    The same specification again answers the study that is there, as it is; another one under the
    same name is refused.
    """
    study = launch_request(store, content, settings)
    return _accepted(store, study.name, response)


@router.get("/studies", responses=problems())
def list_studies(store: Store) -> list[StudyStatus]:
    """List all studies, oldest first."""
    return [StudyStatus.from_record(status) for status in store.studies.list()]


@router.get("/studies/{name}", responses=problems(404, 422))
def get_study(name: StudyName, store: Store) -> StudyStatus:
    """Show where a study stands."""
    return StudyStatus.from_record(store.studies.status(name))


@router.post(
    "/studies/{name}/resume",
    status_code=202,
    dependencies=[Depends(count_launch)],
    responses={202: _LOCATION, **problems(403, 404, 409, 413, 422, 429)},
)
def resume_study(name: StudyName, store: Store, response: Response) -> StudyStatus:
    """Queue a study again: finished runs stay, interrupted and failed ones are run again."""
    check_draw(name, store.studies.get(name).spec)
    store.studies.queue(name)
    return _accepted(store, name, response)


@router.post(
    "/studies/{name}/stop",
    status_code=202,
    responses={202: _LOCATION, **problems(403, 404, 413, 422)},
)
def stop_study(name: StudyName, store: Store, response: Response) -> StudyStatus:
    """Ask that a study stop: within seconds where it is being driven, else at once."""
    store.studies.stop(name)
    return _accepted(store, name, response)


def _accepted(store: AuditStore, name: str, response: Response) -> StudyStatus:
    response.headers["Location"] = f"/api/v1/studies/{name}"
    return StudyStatus.from_record(store.studies.status(name))
