"""Whether the service answers, and what it says when it cannot."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.views.base import View, example, is_none


class Health(View):
    """The service answers."""

    model_config = example({"status": "ready"})

    status: Literal["live", "ready"]


class ProblemPlace(View):
    """A place at fault."""

    where: str
    value: Any
    message: str


class ProblemDetails(View):
    """An error (RFC 9457); ``detail`` names the offending value and what is allowed."""

    model_config = example(
        {
            "type": "urn:talan:problem:invalid-query",
            "title": "Invalid query",
            "status": 422,
            "detail": "there is no axis 'depth'; use one of alpha, gradient_scale, layer",
            "instance": "/api/v1/g1-rates",
        }
    )

    type: str
    title: str
    status: int = Field(description="the HTTP status")
    detail: str
    instance: str
    errors: list[ProblemPlace] | None = Field(default=None, exclude_if=is_none)
