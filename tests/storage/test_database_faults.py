"""Databases that are frozen, forbidden, unfit or behind a pooler: one sentence, or it works."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import optuna
import psycopg
import pytest
import sqlalchemy as sa
from audit_plans import OWNER, begin, complete, study_plan
from pooler import TransactionPooler
from postgres_server import PostgresServer, frozen

from search.driving.optuna_record import open_optuna_storage
from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    Database,
    StorageError,
    StorageForbidden,
    StorageOutdated,
    StorageUnavailable,
    StorageUnfit,
)
from storage.patience import patience


def freeze_while_reading(store: AuditStore, server: PostgresServer) -> None:
    """Ask once more in a transaction whose server stops in the middle of it."""
    with store.database.reading() as session:
        session.execute(sa.text("SELECT 1"))
        with frozen(server):
            session.execute(sa.text("SELECT 1"))


def execute(server: PostgresServer, database: str, *statements: str) -> None:
    """Run statements as the owner of everything."""
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def as_reader(postgres_server: PostgresServer, postgres_url: str) -> Iterator[str]:
    """The URL of a database in which the user may read what is there, and nothing else."""
    database = postgres_url.rpartition("/")[2]
    execute(postgres_server, database, "CREATE ROLE reader LOGIN")
    yield postgres_url.replace("talan@", "reader@")
    grants = ("DROP OWNED BY reader", "DROP ROLE reader")
    execute(postgres_server, database, *grants)


class TestFrozen:
    def test_an_established_connection_does_not_wait_forever(
        self, postgres_server: PostgresServer, postgres_url: str
    ) -> None:
        with AuditStore.open(postgres_url) as store:
            store.studies.create(study_plan())
            with patience(1.0), pytest.raises(StorageUnavailable, match="not answered for 1 s"):
                freeze_while_reading(store, postgres_server)
            with frozen(postgres_server), patience(1.0):
                for ask in (store.studies.list, store.ping):
                    with pytest.raises(StorageUnavailable, match="cannot be used"):
                        ask()
            assert [study.name for study in store.studies.list()] == ["grid"]

    def test_one_that_waits_for_a_lock_gives_up(self, postgres_url: str) -> None:
        with AuditStore.open(postgres_url) as store:
            begin(store)
            with (
                psycopg.connect(postgres_url) as other,
                patience(1.0),
            ):
                other.execute("SELECT * FROM talan_studies FOR UPDATE")
                with pytest.raises(StorageUnavailable, match="has not answered for 1 s"):
                    store.leases.renew("grid", owner=OWNER, ttl_s=60)
            store.leases.renew("grid", owner=OWNER, ttl_s=60)


class TestForbidden:
    def test_no_tables_may_be_made(self, as_reader: str) -> None:
        with pytest.raises(StorageForbidden) as caught:
            AuditStore.open(as_reader)
        assert "does not let this program do that: permission denied" in str(caught.value)

    def test_who_may_only_read_reads(
        self, as_reader: str, postgres_url: str, postgres_server: PostgresServer
    ) -> None:
        with AuditStore.open(postgres_url) as store:
            begin(store)
        grant = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"
        execute(postgres_server, postgres_url.rpartition("/")[2], grant)
        with AuditStore.open(as_reader) as store:
            assert store.studies.status("grid").runs.total == 4
            with pytest.raises(StorageForbidden, match="permission denied for table talan_studies"):
                store.studies.stop("grid")
            with pytest.raises(StorageForbidden, match="permission denied"):
                store.sibling_url("optuna")

    def test_optunas_errors_are_told_as_ours(
        self, as_reader: str, postgres_url: str, postgres_server: PostgresServer
    ) -> None:
        with AuditStore.open(postgres_url) as store:
            open_optuna_storage(store.sibling_url("optuna"))
        database = postgres_url.rpartition("/")[2]
        tables = "ALL TABLES IN SCHEMA"
        grants = (
            f"GRANT SELECT ON {tables} public TO reader",
            "GRANT USAGE ON SCHEMA optuna TO reader",
            f"GRANT SELECT ON {tables} optuna TO reader",
        )
        execute(postgres_server, database, *grants)
        with AuditStore.open(as_reader) as store:
            theirs = open_optuna_storage(store.sibling_url("optuna"))
            with (
                pytest.raises(StorageForbidden, match="permission denied for table studies"),
                store.database.translated(),
            ):
                optuna.create_study(storage=theirs, study_name="s")

    def test_tables_that_are_gone(self, storage_url: str) -> None:
        with AuditStore.open(storage_url) as store:
            with store.database.engine.begin() as connection:
                connection.exec_driver_sql("DROP TABLE talan_events")
            store.studies.create(study_plan())
            with pytest.raises(StorageOutdated, match="does not hold the tables of this program"):
                store.events.after("grid")


class TestUnfit:
    def test_another_encoding(self, postgres_server: PostgresServer) -> None:
        make = "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0"
        execute(postgres_server, "postgres", f"{make} LC_COLLATE 'C' LC_CTYPE 'C'")
        url = postgres_server.url("ascii")
        for use in (AuditStore.open, lambda url: Database(url).upgrade()):
            with pytest.raises(StorageUnfit, match=r"is encoded in SQL_ASCII.*allowed: UTF8"):
                use(url)
        postgres_server.drop_database("ascii")

    def test_another_programs_file(self, tmp_path: Path) -> None:
        path = tmp_path / "mlflow.db"
        with sqlite3.connect(path) as connection:
            for table in ("alembic_version", "experiments", "metrics", "runs"):
                connection.execute(f"CREATE TABLE {table} (id TEXT)")
        before = path.read_bytes()
        for use in (AuditStore.open, lambda url: Database(url).upgrade()):
            with pytest.raises(StorageUnfit, match=r"another program \(alembic_version, exper"):
                use(f"sqlite:///{path}")
        assert path.read_bytes() == before


class TestReadOnlyFile:
    @pytest.mark.parametrize("journal", ["wal", "delete"])
    def test_it_is_read_and_not_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str
    ) -> None:
        path = tmp_path / "talan.db"
        with AuditStore.open(f"sqlite:///{path}") as store:
            runs = begin(store)
            complete(store, runs[BASELINE][0], 1)
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.close()
        before = path.read_bytes()
        # Root may write everywhere; asked by anybody else, a mount for reading says this.
        monkeypatch.setattr("storage.engine.os.access", lambda _, mode: mode != os.W_OK)
        with AuditStore.open(f"sqlite:///{path}", create=False) as store:
            assert store.studies.status("grid").baselines.completed == 1
            with pytest.raises(StorageForbidden, match="does not let this program do that"):
                store.studies.stop("grid")
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]


class TestPooler:
    @pytest.fixture
    def pooled(self, postgres_server: PostgresServer, postgres_url: str) -> Iterator[str]:
        """The URL of an empty database behind a pooler in transaction mode."""
        pooler = TransactionPooler(postgres_server.port)
        yield postgres_url.replace(f":{postgres_server.port}/", f":{pooler.port}/")
        pooler.close()

    def test_the_pooler_breaks_what_needs_a_session(self, pooled: str) -> None:
        with (
            psycopg.connect(pooled, autocommit=True, prepare_threshold=0) as connection,
            pytest.raises(psycopg.errors.InvalidSqlStatementName),
        ):
            connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="unsupported startup parameter"):
            psycopg.connect(pooled, options="-csearch_path=optuna")

    def test_a_study_is_recorded_and_searched_through_it(
        self, pooled: str, postgres_url: str
    ) -> None:
        with AuditStore.open(pooled) as store:
            runs = begin(store)
            for _ in range(12):  # past psycopg's own threshold for preparing
                store.leases.renew("grid", owner=OWNER, ttl_s=60)
            complete(store, runs[BASELINE][0], 1)
            for number, run in enumerate(runs[TREATMENT]):
                complete(store, run, number)
            assert store.studies.status("grid").runs.completed == 4
            theirs = open_optuna_storage(store.sibling_url("optuna"))
            for _ in range(2):
                study = optuna.create_study(storage=theirs, study_name="s", load_if_exists=True)
                for _ in range(4):
                    study.tell(study.ask({"x": optuna.distributions.FloatDistribution(0, 1)}), 1.0)
        with psycopg.connect(postgres_url) as connection:
            where = "SELECT schemaname FROM pg_tables WHERE tablename = 'trials'"
            assert connection.execute(where).fetchall() == [("optuna",)]
            count = "SELECT count(*) FROM optuna.trials WHERE state = 'COMPLETE'"
            assert connection.execute(count).fetchone() == (8,)

    def test_many_threads_share_it(self, pooled: str) -> None:
        with AuditStore.open(pooled) as store:
            begin(store)
            errors: list[StorageError] = []

            def ask() -> None:
                try:
                    for _ in range(10):
                        store.studies.status("grid")
                except StorageError as error:
                    errors.append(error)

            threads = [threading.Thread(target=ask) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert errors == []
