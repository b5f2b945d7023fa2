"""Styles, scripts and plotly.js, as the browser gets them.

Owns: the files under ``static/``, compressed once and served under an address that changes with
their content, so that a browser may keep them for ever; plotly.js out of the installed package.
Does not cover: pages.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

PREFIX = "/assets"
PLOTLY = "plotly.min.js"
_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def asset_url(name: str) -> str:
    """Where a file is served."""
    return f"{PREFIX}/{_plotly_version() if name == PLOTLY else _static_version()}/{name}"


@cache
def plotly_style_ids() -> tuple[str, ...]:
    """Ids under which plotly.js looks for styles of its own before it adds them inline.

    They are for maps, which no figure has; a page that has elements of these ids is left alone.
    """
    found = re.findall(rb'getElementById\("([0-9a-f]{64})"\)', _content(PLOTLY))
    return tuple(dict.fromkeys(name.decode() for name in found))


def serve_asset(request: Request, name: str) -> Response:
    """A file, compressed where the browser takes that; 404 for what is none of ours."""
    if name != PLOTLY and name not in _static_names():
        return Response(status_code=404)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    kind = _TYPES.get("." + name.rpartition(".")[2]) or mimetypes.guess_type(name)[0]
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    content = _packed(name) if packed else _content(name)
    return Response(content, media_type=kind, headers=headers)


@cache
def _static_names() -> frozenset[str]:
    return frozenset(file.name for file in files("dashboards.pages").joinpath("static").iterdir())


@cache
def _static_version() -> str:
    """One version for all: modules import each other by relative addresses."""
    digest = hashlib.sha256()
    for name in sorted(_static_names()):
        digest.update(_content(name))
    return digest.hexdigest()[:12]


@cache
def _plotly_version() -> str:
    return f"plotly-{version('plotly')}"


@cache
def _content(name: str) -> bytes:
    if name == PLOTLY:
        return files("plotly").joinpath("package_data", PLOTLY).read_bytes()
    return files("dashboards.pages").joinpath("static", name).read_bytes()


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_content(name), 6, mtime=0)
