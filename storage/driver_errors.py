"""Database errors, told as ours: the one translation, whoever met them.

Owns: which errors of SQLite and Postgres mean "cannot be reached", "is full", "may not" or "is not
what this program made". SQLAlchemy, Alembic and Optuna wrap them in errors of their own: what
counts is the driver's error at the bottom. Does not cover: errors that mean a mistake in this
package (a wrong statement, a broken key): they pass through unchanged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as postgres
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.errors import (
    StorageError,
    StorageForbidden,
    StorageFull,
    StorageOutdated,
    StorageUnavailable,
    StorageUrlError,
)
from storage.secrets import without_secrets
from storage.urls import secrets_of, shown

DriverError = sqlite3.Error | psycopg.Error
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_FORBIDDEN = (postgres.InsufficientPrivilege, postgres.ReadOnlySqlTransaction)
_NOT_OURS = (postgres.UndefinedTable, postgres.UndefinedColumn, postgres.InvalidSchemaName)
# Everything that may pass.
_AWAY = (
    *(sqlite3.OperationalError, sqlite3.InterfaceError),
    *(psycopg.OperationalError, psycopg.InterfaceError),
)


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Raise our errors for those of a database that mean so."""
    try:
        yield
    except StorageError:
        raise
    except PoolTimeout:
        raise StorageUnavailable(f"{shown(url)} has no free connection") from None
    except Exception as error:
        found = _at_the_bottom(error)
        ours = None if found is None else _translate(found, url)
        if ours is None:
            raise
        raise ours from error


def _at_the_bottom(error: BaseException | None) -> DriverError | None:
    """The driver's error that an error is about."""
    while error is not None:
        if isinstance(error, DBAPIError) and isinstance(error.orig, DriverError):
            return error.orig
        if isinstance(error, DriverError):
            return error
        error = error.__cause__
    return None


def _translate(error: DriverError, url: URL) -> StorageError | None:
    place, reason = shown(url), _reason(error, url)
    code = getattr(error, "sqlite_errorcode", None) or 0
    meanings: tuple[tuple[bool, type[StorageError], str], ...] = (
        (
            code == sqlite3.SQLITE_FULL or isinstance(error, postgres.DiskFull),
            *(StorageFull, "has no room left"),
        ),
        (
            code & 0xFF in _READ_ONLY or isinstance(error, _FORBIDDEN),
            *(StorageForbidden, "does not let this program do that"),
        ),
        (
            isinstance(error, _NOT_OURS) or reason.startswith(("no such table", "no such column")),
            *(StorageOutdated, "does not hold the tables of this program"),
        ),
        (
            isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None,
            *(StorageUrlError, "is not a URL that Postgres takes"),
        ),
        (isinstance(error, _AWAY), StorageUnavailable, "cannot be used"),
        (
            type(error) is sqlite3.DatabaseError,
            *(StorageUnavailable, "is not a sound SQLite database"),
        ),
    )
    for is_meant, kind, words in meanings:
        if is_meant:
            return kind(f"{place} {words}: {reason}")
    return None


def _reason(error: DriverError, url: URL) -> str:
    lines = str(error).strip().splitlines() or ["no reason"]
    return without_secrets(lines[0], more=secrets_of(url))
