"""Fixtures that several test folders share: real databases."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import PostgresServer

from storage import AuditStore

# The folders beside this file are called like the packages they test: the packages come first.
sys.path.insert(0, str(Path(__file__).parents[1]))


# The public data is no part of this project: its tests are run where TALAN_REAL_DATA names a copy.
collect_ignore = [] if os.environ.get("TALAN_REAL_DATA") else ["real_data"]

# Started in the background, a shell's child ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One Postgres server for all tests of a session."""
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty Postgres database, gone after the test."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'talan.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def storage_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database: a test that asks for it runs on SQLite and on Postgres."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def store(sqlite_url: str) -> Iterator[AuditStore]:
    """An empty record."""
    with AuditStore.open(sqlite_url) as opened:
        yield opened
