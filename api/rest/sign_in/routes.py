"""``/sign-in`` and ``/sign-out``: a browser shows the token once and has a session for some hours.

Owns: these two pages' answers. Does not cover: who may pass
(``api.rest.middleware.guard``) and the cookie's value (``api.rest.sign_in.sessions``).
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.rest.browsers import local_path
from api.rest.rate_limits import TokenBucket
from api.rest.settings import Settings
from api.rest.sign_in.sessions import COOKIE, LIFETIME_S, Sessions
from dashboards.pages import Site

router = APIRouter(include_in_schema=False)
_WRONG = "This is not the service's token; it is the value of TALAN_API_TOKEN where it runs."
_TOO_OFTEN = "Too many tries; wait a minute."


@router.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """The page that asks for the token."""
    aim = local_path(request.query_params.get("next", "/"))
    if request.app.state.settings.token is None:
        return RedirectResponse(aim, 303)
    return _page(request, aim=aim)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Begin a session, or say what is wrong."""
    settings: Settings = request.app.state.settings
    tries: TokenBucket = request.app.state.sign_ins
    sent = parse_qs((await request.body()).decode("utf-8", "replace"))
    aim = local_path(sent.get("next", ["/"])[0])
    if settings.token is None:
        return RedirectResponse(aim, 303)
    if tries.take() > 0:
        return _page(request, aim=aim, error=_TOO_OFTEN, status=429)
    given = sent.get("token", [""])[0].strip().encode()
    if not hmac.compare_digest(given, settings.token.encode()):
        return _page(request, aim=aim, error=_WRONG, status=401)
    answer = RedirectResponse(aim, 303)
    answer.set_cookie(
        COOKIE,
        Sessions(settings.token).issue(),
        max_age=LIFETIME_S,
        httponly=True,
        samesite="strict",
        secure=_is_encrypted(request),
    )
    return answer


@router.post("/sign-out")
def sign_out() -> Response:
    """End the browser's session."""
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _page(request: Request, *, aim: str, error: str = "", status: int = 200) -> Response:
    site: Site = request.app.state.site
    return site.page("sign_in.html", status=status, aim=aim, error=error)


def _is_encrypted(request: Request) -> bool:
    """Also behind a proxy; who lies about it keeps the cookie from himself only."""
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
