"""The service under a path of another server: ``https://example.org/talan/``.

Owns: taking the prefix off requests (a proxy may have done so already) and putting it before the
addresses that go out in headers. Does not cover: links in pages (``dashboards.pages.app``) and in
the OpenAPI document, which say the prefix themselves.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SCOPE_KEY = "talan.root_path"


class PathPrefix:
    """Lets the application see addresses without the prefix."""

    def __init__(self, app: ASGIApp, *, root_path: str) -> None:
        self._app, self._root = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not self._root:
            await self._app(scope, receive, send)
            return

        async def send_prefixed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._prefix(MutableHeaders(scope=message))
            await send(message)

        await self._app(self._inside(scope), receive, send_prefixed)

    def _inside(self, scope: Scope) -> Scope:
        path = scope["path"]
        if path == self._root or path.startswith(f"{self._root}/"):
            path = path.removeprefix(self._root) or "/"
        return {**scope, "path": path, "raw_path": path.encode(), SCOPE_KEY: self._root}

    def _prefix(self, headers: MutableHeaders) -> None:
        if headers.get("location", "").startswith("/"):
            headers["location"] = self._root + headers["location"]
        if headers.get("link", "").startswith("</"):
            headers["link"] = f"<{self._root}{headers['link'][1:]}"


def address_of(scope: Scope) -> str:
    """A request's path as its client wrote it, prefix included."""
    return f"{scope.get(SCOPE_KEY, '')}{scope['path']}"
