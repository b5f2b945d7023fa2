"""One database: its transactions, and whether its tables fit this program.

Owns: the engine, `reading()` and `writing()` (a transaction each, with the driver's errors turned
into ours), the schema's revision and `upgrade()`.
Does not cover: any query about studies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from storage import engine as engines
from storage.driver_errors import translated
from storage.errors import StorageOutdated, StorageUnavailable
from storage.patience import patience
from storage.urls import parse_url, shown

VERSION_TABLE = "talan_alembic_version"
_MIGRATION_LOCK = 7_241_996  # Postgres: only one process at a time changes the tables


class Database:
    """A database named by a URL; it connects when first used."""

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        self.engine: Engine = engines.make_engine(self.url)
        self._reader = engines.reader(self.engine)
        self._writer = engines.writer(self.engine)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file (else Postgres)."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that sees one snapshot and writes nothing."""
        with translated(self.url), Session(self._reader) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction that is kept as a whole, or not at all."""
        with translated(self.url), Session(self._writer) as session, session.begin():
            yield session

    def revision(self) -> str | None:
        """Return the revision of the tables; None where there are none."""
        with translated(self.url), self._reader.connect() as connection:
            return _revision(connection)

    def translated(self) -> AbstractContextManager[None]:
        """Turn errors of this database into ours, for work that another library does in it."""
        return translated(self.url)

    def upgrade(self, *, to: str = "head") -> str:
        """Bring the tables to this program's revision, in one transaction; return it.

        `to` names an older revision to stop at.

        Raises:
            StorageOutdated: if the tables come from a newer program.
            StorageUnfit: if it is encoded in something else than UTF-8, or another program's.
        """
        with translated(self.url), patience(None), self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            _refuse_newer(connection, shown(self.url))
            config = _alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
        return head_revision() if to == "head" else to

    def prepare(self, *, create: bool) -> None:
        """Check that the database answers and its tables fit; create or upgrade them if allowed.

        An empty database is filled when `create` is true. Older tables are upgraded in SQLite, the
        file of one user; in Postgres, shared by many programs, that is asked for explicitly.

        Raises:
            StorageUnavailable: if it does not answer, or is empty and may not be filled.
            StorageOutdated: if its tables are newer, or older and in Postgres.
            StorageUnfit: if it is encoded in something else than UTF-8, or another program's.
        """
        self._require_file(create=create)
        revision = self.revision()
        if revision == head_revision():
            return
        if revision is None and not create:
            raise StorageUnavailable(f"{shown(self.url)} holds no studies; nothing was created")
        if revision is not None and not self.is_sqlite:
            self._refuse_behind(revision)
        self.upgrade()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _refuse_behind(self, revision: str) -> None:
        with translated(self.url), self._reader.connect() as connection:
            _refuse_newer(connection, shown(self.url))
        raise StorageOutdated(
            f"the tables in {shown(self.url)} are at {revision} and this program needs "
            f"{head_revision()}; run `talan db upgrade` first"
        )

    def _require_file(self, *, create: bool) -> None:
        if not self.is_sqlite:
            return
        path = Path(str(self.url.database))
        if not path.absolute().parent.is_dir():
            raise StorageUnavailable(f"the folder of {path} does not exist")
        if not create and not path.exists():
            raise StorageUnavailable(f"there is no database file {path}")


def head_revision() -> str:
    """Return the revision this program's tables are at."""
    head = _scripts().get_current_head()
    assert head is not None, "storage/migrations is part of the package"
    return head


def _revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _refuse_newer(connection: Connection, url: str) -> None:
    revision = _revision(connection)
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise StorageOutdated(
            f"the tables in {url} are at {revision}, which is newer than this program "
            f"({head_revision()}); use the program that made them"
        )


@cache
def _scripts() -> ScriptDirectory:
    """The migrations, read once: they are part of the program, and every opening asks for them."""
    return ScriptDirectory.from_config(_alembic_config())


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
