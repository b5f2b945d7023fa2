"""``talan db upgrade``: the record's tables are made and kept up to date."""

from __future__ import annotations

import json
from pathlib import Path

from talan_command import Talan

from storage import AuditStore, Database
from storage.database import head_revision


def test_tables_are_made_where_there_are_none(folder: Path, talan: Talan) -> None:
    answer = talan("db", "upgrade")
    assert (answer.code, answer.out) == (0, "The database is up to date.\n")
    assert Database("sqlite:///talan.db").revision() == head_revision()
    assert json.loads(talan("study", "list", "--json").out) == []


def test_twice_changes_nothing(runs: list[str], talan: Talan) -> None:
    assert talan("db", "upgrade").code == 0
    with AuditStore.open("sqlite:///talan.db", create=False) as store:
        assert [run.id for run in store.runs.iterate("recorded")] == runs


def test_on_postgres(bare_postgres_url: str, folder: Path, talan: Talan) -> None:
    assert talan("study", "list", "--storage", bare_postgres_url).code == 2  # nothing there yet
    assert talan("db", "upgrade", "--storage", bare_postgres_url).code == 0
    assert json.loads(talan("study", "list", "--json", "--storage", bare_postgres_url).out) == []
    assert not list(folder.iterdir())


def test_tables_of_a_newer_program_are_left_alone(runs: list[str], talan: Talan) -> None:
    database = Database("sqlite:///talan.db")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE talan_alembic_version SET version_num = 'from-later'")
    database.close()
    for arguments in (("db", "upgrade"), ("study", "list")):
        answer = talan(*arguments)
        assert answer.code == 2
        assert "newer than this program" in answer.err
