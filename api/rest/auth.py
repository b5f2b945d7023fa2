"""Who may ask: the bearer token, and what a browser may do where there is none.

Owns: refusing calls without the token before anything of them is read (all but health), hosts that
are not served, and writes that another web site makes a browser send. Does not cover: several users
or roles; whoever has the token may do everything.
"""

from __future__ import annotations

import hmac
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.rest.problems import Problem, respond
from api.rest.settings import Settings

_OPEN = re.compile(r"(/api/v1)?/health/(live|ready)")
_WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Guard:
    """Lets a request through, or answers it with a problem."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        problem = self._refusal(scope) if scope["type"] == "http" else None
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await respond(problem, instance=scope["path"])(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        if b"\x00" in scope["path"].encode() or b"%00" in scope["query_string"]:
            detail = "the address holds a NUL character; no name or value may hold one"
            return Problem(422, "invalid-request", detail)
        if _OPEN.fullmatch(scope["path"]):
            return None
        if self._settings.token is not None:
            return _check_token(headers.get("authorization", ""), self._settings.token)
        return self._check_host(headers) or _check_site(scope["method"], headers)

    def _check_host(self, headers: Headers) -> Problem | None:
        """Refuse names that a foreign site has pointed at this machine (DNS rebinding)."""
        allowed = self._settings.allowed_hosts
        name = re.sub(r":\d*$", "", headers.get("host", "")).lower()
        if allowed is None or name in allowed:
            return None
        detail = f"host {name!r} is not served here; allowed: {', '.join(allowed)}"
        return Problem(421, "host-not-served", detail)


def _check_token(authorization: str, token: str) -> Problem | None:
    scheme, _, given = authorization.partition(" ")
    sent = given.strip().encode("latin-1")  # as the bytes came
    if scheme.lower() == "bearer" and hmac.compare_digest(sent, token.encode()):
        return None
    detail = "this call needs the header 'Authorization: Bearer TOKEN' with the service's token"
    headers = {"WWW-Authenticate": 'Bearer realm="talan"'}
    return Problem(401, "unauthorized", detail, headers=headers)


def _check_site(method: str, headers: Headers) -> Problem | None:
    """Refuse writes that a browser sends on behalf of another site."""
    site = headers.get("sec-fetch-site", "none")
    if method not in _WRITES or site in ("none", "same-origin"):
        return None
    detail = f"a {method} from another site ({site}) is not allowed; allowed: same-origin"
    return Problem(403, "cross-site", detail)
