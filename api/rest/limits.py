"""How much one may ask: the size of a body, and how often studies are launched.

Owns: refusing a body as soon as it is too large, and a token bucket over all clients of this
process. Does not cover: limits on what a study asks for (``api.rest.launching``).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
            await respond(problem, instance=scope["path"])(scope, receive, send)
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


class TokenBucket:
    """So many at once, refilled evenly over a minute.

    Args:
        per_minute: How many a minute, and how many at once after a pause.
        clock: Seconds that only grow.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens, self._at = float(per_minute), clock()

    @property
    def per_minute(self) -> int:
        """How many are taken a minute."""
        return self._per_minute

    def take(self) -> float:
        """Take one token; the seconds until there is one again, 0 where one was taken."""
        with self._lock:
            now = self._clock()
            rate = self._per_minute / 60
            self._tokens = min(self._per_minute, self._tokens + (now - self._at) * rate)
            self._at = now
            if self._tokens >= 1:
                self._tokens -= 1
                return 0.0
            return (1 - self._tokens) / rate


def count_launch(request: Request) -> None:
    """Refuse a launch that comes too soon; a dependency of what makes work.

    Raises:
        Problem: 429, with ``Retry-After``.
    """
    _count(request.app.state.launches, what="launches")


def count_plan(request: Request) -> None:
    """Refuse a plan that comes too soon: it reads backbones, which takes work too.

    Raises:
        Problem: 429, with ``Retry-After``.
    """
    _count(request.app.state.plans, what="plans")


def _count(bucket: TokenBucket, *, what: str) -> None:
    wait_s = bucket.take()
    if wait_s > 0:
        detail = f"too many {what}; allowed: {bucket.per_minute} a minute, again in {wait_s:.0f} s"
        headers = {"Retry-After": str(math.ceil(wait_s))}
        raise Problem(429, f"too-many-{what}", detail, headers=headers)
