"""The database drivers' errors, told as ours.

Owns: which driver errors mean "cannot be reached", "is full" or "is no database".
Does not cover: errors that mean a mistake in this package (a wrong statement, a broken key): they
pass through unchanged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors as postgres
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.errors import StorageError, StorageFull, StorageUnavailable
from storage.urls import shown


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Raise StorageFull or StorageUnavailable for driver errors that mean so."""
    try:
        yield
    except PoolTimeout:
        raise StorageUnavailable(f"{shown(url)} has no free connection") from None
    except DBAPIError as error:
        ours = _translate(error, url)
        if ours is None:
            raise
        raise ours from error


def _translate(error: DBAPIError, url: URL) -> StorageError | None:
    reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no reason"
    if _means_full(error.orig):
        return StorageFull(f"{shown(url)} has no room left: {reason}")
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return StorageUnavailable(f"{shown(url)} cannot be used: {reason}")
    if type(error.orig) is sqlite3.DatabaseError:
        return StorageUnavailable(f"{shown(url)} is not a sound SQLite database: {reason}")
    return None


def _means_full(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return isinstance(error, postgres.DiskFull)
