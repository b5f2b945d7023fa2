"""What a database must be to hold studies, looked at when it is connected to.

Owns: refusing another encoding than UTF-8, and a SQLite file of another program, before anything
in it is changed. Does not cover: whether our own tables are there and new enough (`database.py`).
"""

from __future__ import annotations

import sqlite3

import psycopg

from storage.errors import StorageUnfit

_OPTUNAS = {"studies", "trials", "version_info"}


def require_encoding(connection: psycopg.Connection) -> None:
    """Refuse a database that does not hold every text; SQL_ASCII gives bytes for it besides.

    Raises:
        StorageUnfit: It is not encoded in UTF-8.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        name = connection.info.dbname
        connection.close()
        raise StorageUnfit(
            f"database '{name}' is encoded in {encoding}, which does not hold every text; "
            "allowed: UTF8 (CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0)"
        )


def require_own_file(connection: sqlite3.Connection) -> None:
    """Refuse a SQLite file of another program: it has one namespace, and both would use it.

    Optuna's tables may be there, for it keeps its studies beside ours.

    Raises:
        StorageUnfit: It holds tables, and none of them is ours.
    """
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    tables = {name for (name,) in connection.execute(query)}
    if not tables or tables >= _OPTUNAS or any(name.startswith("talan_") for name in tables):
        return
    _, __, path = connection.execute("PRAGMA database_list").fetchone()
    some = ", ".join(sorted(tables)[:3])
    raise StorageUnfit(
        f"{path} holds tables of another program ({some}); allowed: a file of its own, which may "
        "be a new one"
    )
