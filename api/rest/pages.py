"""Where a listing goes on, in the headers ``Link`` and ``X-Next-Cursor``; bodies are bare lists."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request

NEXT_PAGE = {
    "headers": {
        "Link": {
            "description": 'the next page as rel="next"; absent on the last',
            "schema": {"type": "string"},
        },
        "X-Next-Cursor": {
            "description": "give it as cursor for the next page; absent on the last",
            "schema": {"type": "string"},
        },
    },
}


def next_page(request: Request, cursor: str | None) -> dict[str, str]:
    """The headers that lead to the next page; none on the last."""
    if cursor is None:
        return {}
    asked = {**request.query_params, "cursor": cursor}
    link = f'<{request.url.path}?{urlencode(asked)}>; rel="next"'
    return {"Link": link, "X-Next-Cursor": cursor}
