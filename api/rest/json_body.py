"""A request's body as nested values.

Owns: refusing what is not JSON, and what readers of JSON do not agree about: a key that stands
twice (the first would be lost silently, as in a study file's YAML), NaN and infinity, half a
surrogate pair. Does not cover: how large it may be (``api.rest.middleware.body_limit``), what it
means.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from fastapi import Request

from api.rest.problems import Problem


async def json_body(request: Request) -> Any:
    """The body; a dependency.

    Raises:
        Problem: 415 for another type than JSON, 400 for what is not JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        detail = f"content type {kind!r} is not allowed; allowed: application/json"
        raise Problem(415, "unsupported-media-type", detail)
    try:
        return read_json(await request.body())
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Problem(400, "invalid-json", f"the body is not JSON: {reason[:200]}") from error


def read_json(text: bytes) -> Any:
    """Read JSON.

    Raises:
        ValueError: It is none, or has a key twice in one object.
        RecursionError: It is nested too deeply.
    """
    content = json.loads(
        text,
        object_pairs_hook=_object,
        parse_constant=_refuse_constant,
        parse_float=_finite,
    )
    json.dumps(content, ensure_ascii=False).encode()  # half a surrogate pair is no text
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, object] = {}
    for key, value in pairs:
        if key in content:
            msg = f"the key {key[:100]!r} occurs twice"
            raise ValueError(msg)
        content[key] = value
    return content


def _refuse_constant(name: str) -> NoReturn:
    msg = f"{name} is not a JSON value"
    raise ValueError(msg)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        msg = f"the number {text[:40]} is too large"
        raise ValueError(msg)
    return number
