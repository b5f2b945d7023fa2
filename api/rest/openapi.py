"""The OpenAPI document: complete enough that a client generated from it works.

Owns: the error answers of operations and the token's security scheme. Does not cover: answers'
models (``api.views``), the study file (``api.rest.study_file``), nor the page that shows all this
(``api.rest.docs_page``).
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.rest.problems import MEDIA_TYPE
from api.rest.study_file import study_file_schema
from api.views.base import View
from api.views.service import ProblemDetails

TAGS = [
    {"name": "studies", "description": "Launch audits, see where they stand, stop and resume."},
    {"name": "runs", "description": "Runs with their cells, and what they answered item by item."},
    {"name": "rates", "description": "G1 rates with exact intervals, and champions."},
    {"name": "follow-ups", "description": "Confirmations, ablations, and what each axis says."},
    {"name": "health", "description": "Whether the service answers, and its metrics."},
]
_SCHEMAS = "#/components/schemas/"
_WHAT = {
    400: "The body is not JSON.",
    401: "The token is missing or wrong.",
    403: "A browser sent this for another site.",
    404: "There is no such study, run or cell.",
    405: "The address has no such method.",
    409: "The name is taken by another specification, or somebody else is at it.",
    410: "What the run stored is gone or was altered.",
    413: "The body is too large.",
    415: "The body is of another type than JSON.",
    421: "The service does not answer to this host name.",
    422: "A value is not allowed; the problem names it and what is.",
    429: "Too many launches, or too many event streams.",
    500: "Something went wrong in the service.",
    503: "The record or the artifact store cannot be reached just now.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """An operation's error answers, for ``responses=``; every operation has some more."""
    return {status: _problem(status) for status in sorted({*statuses, 401, 421, 500, 503})}


def install(app: FastAPI) -> None:
    """Have an application tell of itself completely."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        tags=TAGS,
        routes=app.routes,
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    examples = dict(_examples(View))
    for name, schema in schemas.items():
        if name in examples:  # again, with the nulls that are left out above
            schema["examples"] = examples[name]
    schemas.update(
        _with_definitions("Problem", ProblemDetails.model_json_schema(ref_template=_REF))
    )
    schemas.update(_with_definitions("StudyFile", study_file_schema(_REF)))
    bearer = {"type": "http", "scheme": "bearer", "description": "The service's TALAN_API_TOKEN."}
    found["components"]["securitySchemes"] = {"token": bearer}
    for path, operations in found["paths"].items():
        for operation in operations.values():
            # {}: without a token the service may serve this machine only.
            operation["security"] = [] if "/health/" in path else [{"token": []}, {}]
    if root := app.state.settings.root_path:
        found["servers"] = [{"url": root}]
    return found


_REF = _SCHEMAS + "{model}"


def _examples(base: type[View]) -> Iterator[tuple[str, list[Any]]]:
    """The examples of all views, by name."""
    for view in base.__subclasses__():
        extra = view.model_config.get("json_schema_extra")
        if isinstance(extra, dict) and "examples" in extra:
            yield view.__name__, cast("list[Any]", extra["examples"])
        yield from _examples(view)


def _with_definitions(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    definitions = schema.pop("$defs", {})
    return {**definitions, name: schema}


def _problem(status: int) -> dict[str, Any]:
    name = HTTPStatus(status).phrase.lower().replace(" ", "-")
    example = {
        "type": f"urn:talan:problem:{name}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _WHAT[status],
        "instance": "/api/v1/studies/tiny-lora-grid",
    }
    content = {"schema": {"$ref": _SCHEMAS + "Problem"}, "example": example}
    return {"description": _WHAT[status], "content": {MEDIA_TYPE: content}}
