"""How often one may ask for work: a token bucket over all clients of this process.

Owns: refusing a launch or a plan that comes too soon. Does not cover: limits on what a study asks
for (``api.rest.studies.launching``).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from fastapi import Request

from api.rest.problems import Problem


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
