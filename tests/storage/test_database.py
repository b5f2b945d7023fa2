"""What a database that cannot be used is answered with: one sentence and no password."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from audit_plans import OWNER, begin, study_plan

from storage import (
    AuditStore,
    Database,
    StorageForbidden,
    StorageFull,
    StorageUnavailable,
    StorageUrlError,
)


def chain(error: BaseException | None) -> str:
    """Everything a traceback of this error would show."""
    return "" if error is None else f"{error} {chain(error.__cause__)}"


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StorageUnavailable) as caught:
        AuditStore.open("postgresql://me:s3cret@127.0.0.1:1/talan")
    sentence = str(caught.value)
    assert sentence.startswith("postgresql+psycopg://me:***@127.0.0.1:1/talan cannot be used: ")
    assert "\n" not in sentence
    assert "s3cret" not in chain(caught.value)


def test_a_database_the_server_lacks_is_named(postgres_url: str) -> None:
    with pytest.raises(StorageUnavailable, match='database "nowhere" does not exist'):
        AuditStore.open(postgres_url.rpartition("/")[0] + "/nowhere")


def test_a_lost_connection_is_told_and_the_next_call_connects_anew(postgres_url: str) -> None:
    with AuditStore.open(postgres_url) as store:
        kill = sa.text("SELECT pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(StorageUnavailable), store.database.writing() as session:
            session.execute(kill)
        store.ping()
        assert store.studies.names() == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match=r"the folder of .*talan\.db does not exist"):
        AuditStore.open(f"sqlite:///{tmp_path}/nowhere/talan.db")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, " * 100)
    with pytest.raises(StorageUnavailable, match="is not a sound SQLite database: file is not"):
        AuditStore.open(f"sqlite:///{path}")
    assert path.read_text().startswith("not a database")


def test_a_full_database_keeps_nothing_of_what_did_not_fit(sqlite_url: str) -> None:
    with AuditStore.open(sqlite_url) as store:
        begin(store)

        def limit(connection: sqlite3.Connection, _: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 8}")

        store.close()
        sa.event.listen(store.database.engine, "connect", limit)
        with pytest.raises(StorageFull, match="has no room left: database or disk is full"):
            store.studies.create(study_plan("big", configurations=2000))
        assert store.studies.names() == ["grid"]
        run = store.dispatch.next_pending("grid", limit=1)[0]
        assert store.dispatch.start(run.id, owner=OWNER, worker="w") == 1


def test_sqlite_is_set_up_for_many_processes(sqlite_url: str) -> None:
    with AuditStore.open(sqlite_url) as store, store.database.reading() as session:
        values = {
            name: session.scalar(sa.text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert values == {
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_reading_cannot_write(postgres_url: str) -> None:
    with AuditStore.open(postgres_url) as store:
        delete = sa.text("DELETE FROM talan_studies")
        with (
            pytest.raises(StorageForbidden, match="read-only transaction"),
            store.database.reading() as session,
        ):
            session.execute(delete)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("talan.db", "cannot be read: use sqlite:///FILE or postgresql://USER@HOST/DATABASE"),
        ("mysql://me:s3cret@host/db", "starts with 'mysql': use sqlite:///FILE"),
        ("sqlite://", "names no database"),
        ("sqlite:///:memory:", "names no database"),
        ("postgresql://me:s3cret@host", "me:\\*\\*\\*@host names no database"),
        ("postgresql://me:s3cret@host:port/db", "cannot be read"),
    ],
)
def test_a_url_that_is_no_use_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(StorageUrlError, match=sentence) as caught:
        Database(url)
    assert "s3cret" not in chain(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgres_is_one_driver(scheme: str) -> None:
    assert Database(f"{scheme}://me@host/db").url.drivername == "postgresql+psycopg"


def test_optunas_url_keeps_the_password_escaped(postgres_url: str) -> None:
    with AuditStore.open(postgres_url.replace("talan@", "talan:p%7B%40w@")) as store:
        url = store.sibling_url("optuna")
    assert "talan:p%7B%40w@" in url
    assert url.endswith("?options=-csearch_path%3Doptuna")
