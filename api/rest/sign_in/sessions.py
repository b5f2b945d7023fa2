"""Sessions of browsers: who has shown the token gets a cookie that stands for it for some hours.

Owns: the cookie's value and lifetime. It is derived from the token and says until when it counts,
so nothing is kept here and another token ends all sessions; the token cannot be read from it. Does
not cover: what a session may do (``api.rest.middleware.guard``), nor ending one early.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

COOKIE = "talan_session"
LIFETIME_S = 12 * 3600


class Sessions:
    """Makes and checks cookies.

    Args:
        token: The service's.
        clock: Seconds since the epoch.
    """

    def __init__(self, token: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key = hashlib.sha256(b"talan session\n" + token.encode()).digest()
        self._clock = clock

    def issue(self) -> str:
        """A cookie's value, good for 12 hours."""
        until = str(int(self._clock()) + LIFETIME_S)
        return f"{until}.{self._proof(until)}"

    def holds(self, cookies: str) -> bool:
        """Whether a request's cookies hold one of ours that still counts."""
        until, _, proof = _value(cookies).partition(".")
        if not (until.isascii() and until.isdecimal() and len(until) < 16 and proof.isascii()):
            return False
        return hmac.compare_digest(proof, self._proof(until)) and int(until) > self._clock()

    def _proof(self, until: str) -> str:
        return hmac.new(self._key, until.encode(), hashlib.sha256).hexdigest()


def _value(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
