"""Who may ask: the bearer token or a browser's session, and what a browser may do without a token.

Owns: refusing calls without either before anything of them is read (all but health, the sign-in
page and styles), hosts that are not served, and writes that another web site makes a browser send.
Does not cover: several users or roles; whoever has the token may do everything.
"""

from __future__ import annotations

import hmac
import re
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.rest.browsers import wants_page
from api.rest.path_prefix import address_of
from api.rest.problems import Problem, respond
from api.rest.settings import Settings
from api.rest.sign_in.sessions import Sessions

_OPEN = re.compile(r"(/api/v1)?/health/(live|ready)")
_SIGNING_IN = re.compile(r"/sign-in|/assets/[^/]+/[^/]+")
_WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Guard:
    """Lets a request through, or answers it with a problem."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._sessions = Sessions(settings.token) if settings.token is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        problem = self._refusal(scope) if scope["type"] == "http" else None
        if problem is None:
            await self._app(scope, receive, send)
        elif problem.status == 401 and _goes_to_page(scope):
            await RedirectResponse(_sign_in_first(scope), 303)(scope, receive, send)
        else:
            await respond(problem, instance=address_of(scope))(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        if b"\x00" in scope["path"].encode() or b"%00" in scope["query_string"]:
            detail = "the address holds a NUL character; no name or value may hold one"
            return Problem(422, "invalid-request", detail)
        if _OPEN.fullmatch(scope["path"]):
            return None
        if self._settings.token is not None:
            return self._check_caller(scope, headers, self._settings.token)
        return self._check_host(headers) or _check_site(scope["method"], headers)

    def _check_caller(self, scope: Scope, headers: Headers, token: str) -> Problem | None:
        """The token if one is sent, else the session; a session must not be used by other sites."""
        if _SIGNING_IN.fullmatch(scope["path"]):
            return _check_site(scope["method"], headers)
        has_session = self._sessions is not None and self._sessions.holds(headers.get("cookie", ""))
        if "authorization" not in headers and has_session:
            return _check_origin(scope["method"], headers)
        return _check_token(headers.get("authorization", ""), token)

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


def _check_origin(method: str, headers: Headers) -> Problem | None:
    """Refuse writes by session that do not come from a page of ours."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin", "")
    is_ours = urlsplit(origin).netloc == headers.get("host") if site is None else None
    if method not in _WRITES or site == "same-origin" or is_ours:
        return None
    detail = f"a {method} by session is allowed from this service's own pages only"
    return Problem(403, "cross-site", detail)


def _goes_to_page(scope: Scope) -> bool:
    return wants_page(scope["method"], scope["path"], Headers(scope=scope))


def _sign_in_first(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    aim = scope["path"] + (f"?{query}" if query else "")
    return f"/sign-in?next={quote(aim, safe='')}"
