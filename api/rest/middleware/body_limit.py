"""How large a request's body may be.

Owns: refusing a body as soon as it is too large. Does not cover: what is in it.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.rest.path_prefix import address_of
from api.rest.problems import Problem, respond


class BodyLimit:
    """Reads a request's body up to the limit, then hands it on whole."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await self._read(Headers(scope=scope).get("content-length", ""), receive)
        if body is None:
            detail = f"the body is too large; allowed: up to {self._max_bytes} bytes"
            problem = Problem(413, "body-too-large", detail, headers={"Connection": "close"})
            await respond(problem, instance=address_of(scope))(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, announced: str, receive: Receive) -> bytes | None:
        """The body; None: it is too large."""
        if announced.isdecimal() and (len(announced) > 18 or int(announced) > self._max_bytes):
            return None
        body, more = bytearray(), True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message["type"] == "http.request" and message.get("more_body", False)
            if len(body) > self._max_bytes:
                return None
        return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
