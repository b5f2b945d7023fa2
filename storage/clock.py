"""Time as the database sees it, and time as it is stored.

Owns: the SQL expression every lease is judged by (one clock for all machines: the database's), what
it says now, and the column type of the timestamps (UTC in both databases, aware in Python).
Does not cover: how long a lease lasts, which is its owner's business.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Float, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class database_now(FunctionElement[float]):  # noqa: N801 - reads like a SQL function
    """Seconds since 1970 by the database's own clock."""

    type = Float()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _sqlite_now(*_: object, **__: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_now, "postgresql")
def _postgres_now(*_: object, **__: object) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


def database_time(session: Session, *, ahead_s: float = 0.0) -> float:
    """Seconds since 1970 by the database's clock, so many seconds from now."""
    return (session.scalar(select(database_now())) or 0.0) + ahead_s


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: `timestamptz` in Postgres, UTC text without a zone in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC; a naive one is a mistake."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the time back aware, in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_now() -> datetime:
    """Return the current instant by this machine's clock."""
    return datetime.now(UTC)
