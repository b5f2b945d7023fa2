"""The docs as a site under ``/help``, where it was built (``make docs``).

Owns: serving its files, under a policy that runs no script but the site's own: those inline are
named by their hashes, read from the built pages once. Does not cover: building it (``mkdocs.yml``),
nor who may see it (``api.rest.middleware.guard``).
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PREFIX = "/help"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def built_help(folder: Path | None = None) -> HelpSite | None:
    """The site; None where nobody built it."""
    folder = folder or Path(str(files("dashboards") / "help"))
    return HelpSite(folder) if (folder / "index.html").is_file() else None


class HelpSite(StaticFiles):
    """The built files; an address that there is none of gets the site's own page."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True)
        self._headers = {
            "Content-Security-Policy": _policy(folder),
            "Cache-Control": "no-cache",
        }

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, under the site's own policy."""
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response


def _policy(folder: Path) -> str:
    scripts = {
        script for page in folder.rglob("*.html") for script in _INLINE.findall(page.read_text())
    }
    hashes = sorted(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src 'self' {' '.join(hashes)}; style-src 'self' "
        "'unsafe-inline'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
