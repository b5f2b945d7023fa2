"""Requests that a browser makes for a page: they are answered with pages and not with JSON.

Owns: telling them from programs' calls, and whether an address leads back to us. Does not cover:
what the pages are (``dashboards.pages``).
"""

from __future__ import annotations

from starlette.datastructures import Headers


def wants_page(method: str, path: str, headers: Headers) -> bool:
    """Whether this is a browser going to a page."""
    if method not in ("GET", "HEAD") or path.startswith("/api/"):
        return False
    return "text/html" in headers.get("accept", "")


def local_path(text: str) -> str:
    """A path on this service; anything that could lead elsewhere is the start page."""
    is_plain = text.isprintable() and "\\" not in text
    return text if is_plain and text.startswith("/") and not text.startswith("//") else "/"
