"""How long a database may say nothing: a connection to Postgres that does not wait forever.

Owns: a deadline for every answer, and for connecting. Does not cover: what is made of it
(`driver_errors.py`), and SQLite, which waits for locks only (`engine.py`).

A server that is frozen (its machine is, or it is stopped by a signal) still has its packets
acknowledged by the kernel, so neither TCP keepalives nor the server's own `statement_timeout` end
the wait for it: the client has to. Keepalives are for machines and networks that are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from psycopg import Connection, errors
from psycopg.abc import PQGen

RV = TypeVar("RV")
ANSWER_S = 30.0
CONNECT_S = 10.0
_patience_s: ContextVar[float | None] = ContextVar("patience_s", default=ANSWER_S)

NETWORK = {  # libpq's own; none of them is sent to the server, so a pooler takes them, too
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


@contextmanager
def patience(seconds: float | None) -> Iterator[None]:
    """Wait that long for each answer within the block; None: as long as it takes."""
    token = _patience_s.set(seconds)
    try:
        yield
    finally:
        _patience_s.reset(token)


def patience_s() -> float | None:
    """Return how long an answer is waited for just now."""
    return _patience_s.get()


class PatientConnection(Connection[Any]):
    """A connection whose server has so long for each answer; afterwards it is closed."""

    @classmethod
    def open(cls, *args: Any, **parameters: Any) -> PatientConnection:
        """Connect; the server has the patience for that, and 10 s at most."""
        longest_s = min(CONNECT_S, _patience_s.get() or CONNECT_S)
        parameters.setdefault("connect_timeout", max(2, int(longest_s)))
        # A statement prepared on one server connection is not there on the next one that a pooler
        # in transaction mode gives (https://www.pgbouncer.org/features.html).
        return cls.connect(*args, prepare_threshold=None, **{**NETWORK, **parameters})

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Consume a generator of the connection, within the patience.

        Raises:
            OperationalError: The server said nothing for too long.
        """
        limit_s = _patience_s.get() if timeout is None else timeout
        try:
            return super().wait(gen, interval, limit_s)
        except errors._WaitTimeout:
            if timeout is not None:
                raise
            self.pgconn.finish()  # an answer that comes late must not be taken for the next one's
            msg = f"the server has not answered for {limit_s:g} s"
            raise errors.OperationalError(msg) from None
