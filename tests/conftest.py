"""What several test folders share: real databases, and how workers share out the tests."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from database_copies import PostgresCopies, SqliteCopies
from hypothesis import HealthCheck, settings
from kept_heap import KeptHeap
from postgres_server import PostgresServer
from shared_out import FilesTogether, place_of
from xdist.remote import Producer

from storage import AuditStore

# The folders beside this file are called like the packages they test: the packages come first.
sys.path.insert(0, str(Path(__file__).parents[1]))

# The public data is no part of this project: its tests are run where TALAN_REAL_DATA names a copy.
collect_ignore = [] if os.environ.get("TALAN_REAL_DATA") else ["real_data"]

# Started in the background, a shell's child ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

HEAP = KeptHeap()
CHECKOUT = pytest.StashKey[set[str]]()

# Commands that the tests start read their modules compiled, where the first of them left them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Hypothesis times examples, and a busy machine is no fault of theirs.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# A wide terminal, whoever runs the tests: consoles take their width when they are made.
os.environ["COLUMNS"] = "200"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesTogether:
    """Workers share out files, and keep together what shares something dear."""
    return FilesTogether(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest first where there are workers; alone, a file follows the other as ever."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place_of(item.nodeid))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Note what the checkout holds."""
    session.config.stash[CHECKOUT] = contents(session.config.rootpath)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where tests left files in the checkout: the next commit would take them along."""
    root = session.config.rootpath
    if left := contents(root) - session.config.stash[CHECKOUT]:
        print(f"\nthe tests left in {root}: {', '.join(sorted(left))}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def contents(root: Path) -> set[str]:
    """Names of files and folders at the top, but for caches."""
    return {entry.name for entry in root.iterdir() if not entry.name.startswith((".", "__"))}


def pytest_runtest_logstart() -> None:
    """Spare garbage collection what was imported."""
    HEAP.keep()


@pytest.fixture(scope="module", autouse=True)
def handlers_given_back() -> Iterator[None]:
    """A file's tests give back the signals they took over: Ray Tune's `fit` keeps SIGINT."""
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    yield
    for number, handler in handlers.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One Postgres server for all tests of a session."""
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_copies(postgres_server: PostgresServer) -> PostgresCopies:
    """Postgres databases that are filled once and copied."""
    return PostgresCopies(postgres_server)


@pytest.fixture(scope="session")
def sqlite_copies(tmp_path_factory: pytest.TempPathFactory) -> SqliteCopies:
    """SQLite files that are filled once and copied."""
    return SqliteCopies(tmp_path_factory.mktemp("templates"))


@pytest.fixture
def bare_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a Postgres database without any table, gone after the test."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture
def bare_sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'talan.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def bare_storage_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database without any table, on SQLite and on Postgres."""
    return str(request.getfixturevalue(f"bare_{request.param}_url"))


@pytest.fixture
def sqlite_copy(sqlite_copies: SqliteCopies, tmp_path: Path) -> Callable[..., str]:
    """Makes a SQLite file with what ``fill`` put into it once; ``name`` tells fillings apart."""
    return lambda name, fill: sqlite_copies.copy(name, fill, to=tmp_path / "talan.db")


@pytest.fixture
def postgres_copy(postgres_copies: PostgresCopies) -> Iterator[Callable[..., str]]:
    """The same as a Postgres database, gone after the test."""
    yield postgres_copies.copy
    postgres_copies.drop()


@pytest.fixture(params=["sqlite", "postgres"])
def storage_copy(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Either: a test that asks for it runs on SQLite and on Postgres."""
    copy: Callable[..., str] = request.getfixturevalue(f"{request.param}_copy")
    return copy


@pytest.fixture
def postgres_url(postgres_copy: Callable[..., str]) -> str:
    """The URL of a Postgres database with our tables, and no study."""
    return postgres_copy("empty", make_tables)


@pytest.fixture
def sqlite_url(sqlite_copy: Callable[..., str]) -> str:
    """The URL of a SQLite file with our tables, and no study."""
    return sqlite_copy("empty", make_tables)


@pytest.fixture(params=["sqlite", "postgres"])
def storage_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty record: a test that asks for it runs on SQLite and on Postgres."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def store(sqlite_url: str) -> Iterator[AuditStore]:
    """An empty record."""
    with AuditStore.open(sqlite_url) as opened:
        yield opened


def make_tables(url: str) -> None:
    """Migrate an empty database."""
    AuditStore.open(url).close()
