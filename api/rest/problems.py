"""Errors as clients see them: problem details (RFC 9457), with the offending value.

Owns: which error has which status, type and title, and turning errors into responses. Does not
cover: raising them; most come from ``storage`` and ``search`` as one sentence that names the value
and what is allowed, which is the problem's ``detail``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.rest.operations import Operations
from api.rest.path_prefix import address_of
from api.views.service import ProblemDetails, ProblemPlace
from dashboards.errors import DashboardError, NoModelError
from search.errors import (
    AnalysisError,
    EngineError,
    NoResultYetError,
    SearchError,
    StudyBusyError,
)
from storage import errors as storage
from storage.secrets import NoSecrets, without_secrets
from talan.errors import TalanCheckpointError, TalanError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:talan:problem:"
_LONGEST_VALUE = 200
_LOG = logging.getLogger("talan.api")
_LOG.addFilter(NoSecrets())
ErrorPage = Callable[[Request, "Problem"], Response | None]


class Problem(Exception):  # noqa: N818 - the name of the thing in RFC 9457
    """An error that the API itself finds.

    Args:
        status: The HTTP status.
        name: The last part of the problem's type.
        detail: One sentence that names the value and what is allowed.
        errors: The places at fault: ``where``, ``value``, ``message``.
        headers: To go with the response.
    """

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.name, self.detail = status, name, detail
        self.errors, self.headers = errors, headers


# The first that fits counts.
_OURS: tuple[tuple[type[Exception], int, str], ...] = (
    (storage.StudyNotFound, 404, "study-not-found"),
    (storage.RunNotFound, 404, "run-not-found"),
    (storage.StudyExists, 409, "study-exists"),
    (storage.LeaseError, 409, "study-busy"),
    (StudyBusyError, 409, "study-busy"),
    (storage.ArtifactMissing, 410, "artifact-missing"),
    (storage.ArtifactCorrupt, 410, "artifact-corrupt"),
    (TalanCheckpointError, 410, "artifact-corrupt"),
    (NoModelError, 404, "no-checkpoint"),
    (storage.QueryError, 422, "invalid-query"),
    (storage.PlanError, 422, "invalid-study"),
    (EngineError, 503, "engine-unavailable"),
    (AnalysisError, 422, "invalid-analysis"),
    (NoResultYetError, 404, "no-result-yet"),
    (SearchError, 422, "invalid-study"),
    (DashboardError, 422, "invalid-query"),
    (storage.StorageOutdated, 503, "storage-outdated"),
    (storage.StorageForbidden, 500, "storage-forbidden"),
    (storage.StorageUnfit, 500, "storage-forbidden"),
    (storage.StorageFull, 503, "storage-unavailable"),
    (storage.StorageUnavailable, 503, "storage-unavailable"),
    (storage.ArtifactError, 503, "artifacts-unavailable"),
)
_UNAVAILABLE = {  # the sentences name hosts and folders, which are not for everybody
    "storage-outdated": "the record's tables do not fit this program; run talan db upgrade",
    "storage-forbidden": "the record may not be used like this; this service's log says why",
    "storage-unavailable": "the record cannot be reached just now; try again",
    "artifacts-unavailable": "the artifact store cannot be reached just now; try again",
    "artifact-missing": "what the run stored is gone from the artifact store",
    "artifact-corrupt": "what the run stored is not what was recorded: its hash differs",
}


def respond(
    problem: Problem, *, instance: str, more_headers: Mapping[str, str] | None = None
) -> Response:
    """A problem as a response."""
    content = ProblemDetails(
        type=TYPE_PREFIX + problem.name,
        title=title_of(problem.name),
        status=problem.status,
        detail=without_secrets(problem.detail),
        instance=instance,
        errors=[ProblemPlace(**error) for error in problem.errors] or None,
    )
    headers = {**(problem.headers or {}), **(more_headers or {})}
    if problem.status == 503:
        headers.setdefault("Retry-After", "5")
    return Response(
        content.model_dump_json(), problem.status, headers=headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI, operations: Operations, *, page: ErrorPage) -> None:
    """Have every error of an application answered with a problem, or with a page where one fits."""

    def answer(request: Request, problem: Problem) -> Response:
        return page(request, problem) or respond(problem, instance=address_of(request.scope))

    def on_problem(request: Request, error: Exception) -> Response:
        return answer(request, error if isinstance(error, Problem) else _crash(error))

    def on_ours(request: Request, error: Exception) -> Response:
        return answer(request, from_error(error))

    def on_http(request: Request, error: Exception) -> Response:
        return answer(request, _from_http(request, error, operations))

    def on_invalid(request: Request, error: Exception) -> Response:
        return answer(request, _from_validation(request, error, operations))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(storage.StorageError, on_ours)
    app.add_exception_handler(SearchError, on_ours)
    app.add_exception_handler(DashboardError, on_ours)
    app.add_exception_handler(TalanError, on_ours)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_problem)


def from_error(error: Exception) -> Problem:
    """One of the project's errors as a problem."""
    for kind, status, name in _OURS:
        if isinstance(error, kind):
            if status >= 500:
                _LOG.warning("%s: %s", name, error)
            return Problem(status, name, _UNAVAILABLE.get(name, str(error)))
    return _crash(error)


def invalid_study(message: str, content: object) -> Problem:
    """A study file's sentence, with the place it begins with and the value found there."""
    where = message.partition(":")[0]
    if not re.fullmatch(r"[A-Za-z0-9_.]{1,100}", where):
        return Problem(422, "invalid-study", message)
    error = {"where": f"body.{where}", "value": shown(_at(content, where)), "message": message}
    return Problem(422, "invalid-study", message, errors=[error])


def shown(value: object) -> Any:
    """An offending value as JSON; long or deep ones are cut to text."""
    if value is None or isinstance(value, bool | int):
        return value if len(str(value)) < _LONGEST_VALUE else _cut(str(value))
    return _cut(value if isinstance(value, str) else repr(value))


def _cut(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode()
    return clean if len(clean) <= _LONGEST_VALUE else clean[:_LONGEST_VALUE] + "..."


def _at(content: object, where: str) -> object:
    for key in where.split("."):
        if isinstance(content, Mapping):
            content = content.get(key)
        elif isinstance(content, Sequence) and key.isdecimal() and int(key) < len(content):
            content = content[int(key)]
        else:
            return None
    return content


def _from_http(request: Request, error: Exception, operations: Operations) -> Problem:
    status = getattr(error, "status_code", 500)
    if status == 404:
        detail = f"there is nothing at {request.url.path!r}; see /docs for what there is"
        return Problem(404, "not-found", detail)
    if status == 405:
        allowed = ", ".join(operations.methods(request.url.path))
        detail = f"{request.method} is not allowed at {request.url.path!r}; allowed: {allowed}"
        return Problem(405, "method-not-allowed", detail, headers={"Allow": allowed})
    return Problem(status, "bad-request", str(getattr(error, "detail", error)))


def _from_validation(request: Request, error: Exception, operations: Operations) -> Problem:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    allowed = operations.parameters(request.method, request.url.path)
    errors = [_entry(entry, allowed) for entry in found[:20]]
    detail = "; ".join(entry["message"] for entry in errors) or str(error)
    return Problem(422, "invalid-request", detail, errors=errors)


def _entry(entry: Mapping[str, Any], parameters: Sequence[str]) -> dict[str, Any]:
    where = ".".join(str(part) for part in entry["loc"])
    if entry["type"] == "extra_forbidden":
        reason = f"unknown parameter; allowed: {', '.join(parameters)}"
    elif entry["type"] == "missing":
        reason = "missing; it is needed"
    else:
        said = re.sub(r"^(Input|String) should", "should", entry["msg"])
        reason = f"{shown(entry.get('input'))!r} is not allowed; it {said}"
    value = shown(entry.get("input")) if entry["type"] != "missing" else None
    return {"where": where, "value": value, "message": f"{where}: {reason}"}


def _crash(error: Exception) -> Problem:
    _LOG.error("unexpected error", exc_info=error)
    return Problem(500, "internal-error", "something went wrong here; the service's log says what")


def title_of(name: str) -> str:
    """A problem's title, from the last part of its type."""
    titles = {"internal-error": HTTPStatus.INTERNAL_SERVER_ERROR.phrase}
    return titles.get(name) or name.replace("-", " ").capitalize()
