"""Engines for the two databases, set up the way this project needs them.

Owns: SQLite's pragmas and explicit transactions, Postgres's pool and patience, the two ways a
transaction begins (`reader`: one snapshot, nothing written; `writer`), and the same settings for
another library's engine. Does not cover: what happens inside a transaction, and errors
(`database.py`).

SQLite runs in WAL mode with synchronous=NORMAL: a killed process loses nothing that was committed;
a power cut may lose the last commits but never corrupts the file. WAL needs a local disk: a file on
a network share is not supported. A file that may not be written is opened to be read.

Nothing here needs a session of its own on the server: no prepared statements, no `SET` that
outlives a transaction, no session locks, no startup options. So a pooler in transaction mode
(PgBouncer) may stand in between.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, CreateEnginePlugin, Engine, create_engine, event
from sqlalchemy.dialects import plugins
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.pool import ConnectionPoolEntry

from storage.fitness import require_encoding, require_own_file
from storage.patience import PatientConnection

BUSY_TIMEOUT_S = 30.0


def make_engine(url: URL) -> Engine:
    """Return an engine for a URL from `urls.parse_url`; it connects when first used."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    engine = create_engine(url, pool_pre_ping=True)
    event.listen(engine, "do_connect", _connect_patiently)
    return engine


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


def schema_engine_arguments(schema: str) -> dict[str, object]:
    """Return what to give `create_engine` for a library that keeps its tables in a schema.

    Its engine connects as ours does. The search path is set in each transaction and for it alone:
    a startup option would be refused by a pooler, or, worse, ignored.
    """
    return {"pool_pre_ping": True, "plugins": ["talan_schema"], "talan_schema": schema}


class SchemaPlugin(CreateEnginePlugin):
    """Sets up an engine that another library makes (see `schema_engine_arguments`)."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)
        self._schema = str(kwargs.pop("talan_schema"))

    def update_url(self, url: URL) -> URL:
        """Return the URL as it is: what this plugin is told stands beside it."""
        return url

    def engine_created(self, engine: Engine) -> None:
        """Have it connect as ours does, and find its tables."""
        name = engine.dialect.identifier_preparer.quote(self._schema)

        def set_path(connection: Connection) -> None:
            connection.exec_driver_sql(f"SET LOCAL search_path TO {name}")

        event.listen(engine, "do_connect", _connect_patiently)
        event.listen(engine, "begin", set_path)


plugins.register("talan_schema", __name__, "SchemaPlugin")


def _connect_patiently(
    _: Dialect, __: ConnectionPoolEntry, arguments: Any, parameters: dict[str, Any]
) -> PatientConnection:
    connection = PatientConnection.open(*arguments, **parameters)
    require_encoding(connection)
    return connection


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "do_connect", _connect_to_file)
    event.listen(engine, "connect", _require_own_file)
    configure_sqlite(engine)
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    return engine


def _connect_to_file(
    _: Dialect, __: ConnectionPoolEntry, arguments: Any, parameters: dict[str, Any]
) -> sqlite3.Connection | None:
    """Open a file that may only be read in the way SQLite has for that; None: as usual.

    In WAL mode reading writes, too (the file `-shm`); `immutable` says that nobody else writes.
    With a log (`-wal`) beside the file that would miss the last commits, so there SQLite decides.
    """
    path = Path(arguments[0])
    if not is_read_only(path):
        return None
    log = Path(f"{path}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    how = "mode=ro" if has_log else "mode=ro&immutable=1"
    opened: sqlite3.Connection = sqlite3.connect(
        f"file:{quote(str(path))}?{how}", uri=True, **parameters
    )
    return opened


def is_read_only(path: Path) -> bool:
    """Whether a database file is there and may be read and not written."""
    if not path.exists():
        return False
    return not (os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK))


def _require_own_file(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    require_own_file(connection)  # before a pragma changes the file


def _leave_transactions_to_us(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql(options.get("sqlite_begin", "BEGIN"))


def _set_pragmas(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    _, __, path = connection.execute("PRAGMA database_list").fetchone()
    if not is_read_only(Path(path)):
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
