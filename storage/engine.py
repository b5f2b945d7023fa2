"""Engines for the two databases, set up the way this project needs them.

Owns: SQLite's pragmas and explicit transactions, Postgres's pool and timeouts, and the two ways a
transaction begins: `reader` (one snapshot, nothing written) and `writer`.
Does not cover: what happens inside a transaction, and errors (`database.py`).

SQLite runs in WAL mode with synchronous=NORMAL: a killed process loses nothing that was committed;
a power cut may lose the last commits but never corrupts the file. WAL needs a local disk: a file on
a network share is not supported.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 10


def make_engine(url: URL) -> Engine:
    """Return an engine for a URL from `urls.parse_url`; it connects when first used."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    return create_engine(
        url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
    )


def reader(engine: Engine) -> Engine:
    """Return the engine for reading: everything in one transaction sees one snapshot."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(sqlite_begin="BEGIN")
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writer(engine: Engine) -> Engine:
    """Return the engine for writing: SQLite takes its one write lock at the start, not midway."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
    return engine


def configure_sqlite(engine: Engine) -> None:
    """Give an engine's SQLite connections our pragmas (also meant for Optuna's own engine)."""
    event.listen(engine, "connect", _set_pragmas)


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    configure_sqlite(engine)
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    return engine


def _leave_transactions_to_us(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql(options.get("sqlite_begin", "BEGIN"))


def _set_pragmas(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Turn WAL on; SQLite does not wait for others here, so processes starting together retry."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
