"""Models and migrations say the same, on both databases, whoever else lives there."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from audit_plans import begin, complete, complete_with, outcome

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    Database,
    StorageOutdated,
    StorageUnavailable,
    migrations,
)
from storage.database import VERSION_TABLE, head_revision
from storage.migrations.scope import include_object
from storage.models import Base

OURS = {*Base.metadata.tables, VERSION_TABLE}


@pytest.fixture
def sqlite_url(bare_sqlite_url: str) -> str:
    """A file that does not exist yet: nothing here begins with tables made before."""
    return bare_sqlite_url


@pytest.fixture
def postgres_url(bare_postgres_url: str) -> str:
    """A database without any table."""
    return bare_postgres_url


def differences(store: AuditStore) -> list[object]:
    """What a migration would still have to change."""
    options = {"version_table": VERSION_TABLE, "include_object": include_object}
    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, Base.metadata)


def tables(url: str) -> set[str]:
    engine = Database(url).engine
    with engine.connect() as connection:
        return set(sa.inspect(connection).get_table_names())


def downgrade(url: str, *, to: str) -> None:
    with Database(url).engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, to)


def execute(url: str, statement: str) -> None:
    with Database(url).engine.begin() as connection:
        connection.execute(sa.text(statement))


def test_the_migrations_make_the_models_tables(store: AuditStore) -> None:
    assert differences(store) == []


def test_a_difference_would_be_seen(store: AuditStore, storage_url: str) -> None:
    execute(storage_url, "ALTER TABLE talan_runs ADD COLUMN surplus INTEGER")
    execute(storage_url, "DROP INDEX ix_talan_runs_due")
    assert {change[0] for change in differences(store)} == {"remove_column", "add_index"}


@pytest.mark.parametrize("first", ["ours", "optunas"])
def test_optuna_lives_beside_us(storage_url: str, first: str) -> None:
    if first == "optunas" and storage_url.startswith("sqlite"):
        optuna.storages.RDBStorage(storage_url)
    with AuditStore.open(storage_url) as store:
        url = store.sibling_url("optuna")
        study = optuna.create_study(storage=url, study_name="grid/host", load_if_exists=True)
        study.tell(study.ask({"x": optuna.distributions.FloatDistribution(0, 1)}), 1.0)
        run = begin(store)[TREATMENT][0]
        assert differences(store) == []
    with AuditStore.open(storage_url) as store:
        store.database.upgrade()
        assert differences(store) == []
        assert store.runs.get(run.id).state == "pending"
    assert len(optuna.load_study(storage=url, study_name="grid/host").trials) == 1
    present = tables(storage_url)
    assert present >= OURS
    if storage_url.startswith("postgres"):
        assert present == OURS  # Optuna's are in a schema of their own


def test_many_that_open_an_empty_database_make_its_tables_once(storage_url: str) -> None:
    barrier = threading.Barrier(4)

    def start(_: int) -> list[str]:
        barrier.wait()
        with AuditStore.open(storage_url) as opened:
            return opened.studies.names()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == [[], [], [], []]
    with AuditStore.open(storage_url) as store:
        assert differences(store) == []


def test_an_empty_database_is_not_filled_unasked(storage_url: str) -> None:
    with pytest.raises(StorageUnavailable, match=r"holds no studies|no database file"):
        AuditStore.open(storage_url, create=False)
    if storage_url.startswith("postgres"):
        assert tables(storage_url) == set()


def test_tables_of_a_newer_program_are_left_alone(storage_url: str) -> None:
    AuditStore.open(storage_url).close()
    execute(storage_url, f"UPDATE {VERSION_TABLE} SET version_num = '9999_future'")
    with pytest.raises(StorageOutdated, match="at 9999_future, which is newer than this program"):
        AuditStore.open(storage_url)
    with pytest.raises(StorageOutdated, match="newer"):
        Database(storage_url).upgrade()


def test_a_record_that_cannot_be_opened_keeps_no_connection(postgres_url: str) -> None:
    AuditStore.open(postgres_url).close()
    execute(postgres_url, f"UPDATE {VERSION_TABLE} SET version_num = '9999_future'")
    # Counted on this side: the server forgets a connection some time after it was closed.
    opened: list[object] = []
    closed: list[object] = []
    count = {
        "connect": lambda connection, _: opened.append(connection),
        "close": lambda connection, _: closed.append(connection),
    }
    for name, listener in count.items():
        sa.event.listen(sa.Pool, name, listener)
    try:
        for _ in range(3):  # a scheduler asks every second, until somebody upgrades
            with pytest.raises(StorageOutdated):
                AuditStore.open(postgres_url)
    finally:
        for name, listener in count.items():
            sa.event.remove(sa.Pool, name, listener)
    assert len(opened) >= 3
    assert set(closed) == set(opened)


def test_an_older_sqlite_file_is_upgraded_on_opening(sqlite_url: str) -> None:
    Database(sqlite_url).upgrade(to="0001_record")
    with AuditStore.open(sqlite_url, create=False) as store:
        assert store.database.revision() == head_revision()
        assert differences(store) == []


def test_an_older_postgres_is_upgraded_when_asked(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.upgrade(to="0001_record")
    with pytest.raises(
        StorageOutdated, match=r"are at 0001_record .* run `talan db upgrade` first"
    ):
        AuditStore.open(postgres_url)
    assert database.revision() == "0001_record"
    database.upgrade()
    with AuditStore.open(postgres_url) as store:
        assert differences(store) == []


def test_an_upgrade_keeps_what_is_recorded(storage_url: str) -> None:
    with AuditStore.open(storage_url) as store:
        runs = begin(store, seeds=(42, 7))
        baseline, treatment = runs[BASELINE][1], runs[TREATMENT][1]
        complete(store, treatment, 11)
        recorded = list(store.runs.iterate("grid"))
    downgrade(storage_url, to="0001_record")
    database = Database(storage_url)
    assert database.revision() == "0001_record"
    database.upgrade()
    with AuditStore.open(storage_url) as store:
        assert list(store.runs.iterate("grid")) == recorded
        assert {run.baseline_seed for run in recorded} == {42, 7}
        complete(store, baseline, 10)
        assert store.runs.get(treatment.id).mean_delta == 5.0


def test_older_records_are_counted_again(storage_url: str) -> None:
    """What packed outcomes and artifacts' names tell; of other responses nothing is known."""
    with AuditStore.open(storage_url) as store:
        runs = begin(store, configurations=5, seeds=(42, 7))
        for baseline in runs[BASELINE]:
            complete(store, baseline, 10, 4, word="base")
        marks = {0: (12, 4), 1: (10, 4), 2: (10, 4), 3: (9, 20), 4: (10, 4)}
        words = {0: "run", 1: "base", 2: "run", 3: "run", 4: "run"}
        first = [run for run in runs[TREATMENT] if run.seed == 42]
        for place, run in enumerate(first[:4]):
            complete(store, run, *marks[place], word=words[place])
        shifted = outcome(10, 4, word="run")
        cells = [replace(shifted.cells[0], outcomes=[*[False], *[True] * 10, *[False] * 9])]
        complete_with(store, first[4], replace(shifted, cells=[*cells, shifted.cells[1]]))
        recorded = {run.id: run for run in store.runs.iterate("grid")}
        assert [recorded[run.id].verdict for run in first] == [
            *("strict", "inert", "tied", "not_g1", "tied")
        ]
    downgrade(storage_url, to="0006_bounds")
    execute(storage_url, "UPDATE talan_runs SET mean_delta = mean_delta + 1e-12")
    Database(storage_url).upgrade()
    with AuditStore.open(storage_url) as store:
        found = {run.id: run for run in store.runs.iterate("grid")}
        assert [found[run.id].verdict for run in first] == [
            *("strict", "inert", None, "not_g1", "tied")
        ]
        assert {run.id: run.mean_delta for run in found.values()} == {
            run.id: run.mean_delta for run in recorded.values()
        }
        for run in first:
            for name, cell in found[run.id].cells.items():
                before = recorded[run.id].cells[name]
                assert (cell.helped, cell.hurt) == (before.helped, before.hurt)
                assert cell.changed == (0 if before.changed == 0 else None)
        verdicts = [(found[first[at].id].g1, found[first[at].id].verdict) for at in (1, 2)]
        assert verdicts[0] != (True, None)
        assert verdicts[1] == (True, None)
        assert [cell.helped for cell in found[first[4].id].cells.values()] == [1, 0]
        (counted,) = store.rates.g1_counts("grid")
        assert (counted.g1, counted.strict, counted.tied, counted.inert) == (4, 1, 1, 1)
        assert counted.unsplit == 1


def test_upgrading_says_where_it_got_to(storage_url: str) -> None:
    database = Database(storage_url)
    assert database.revision() is None
    assert database.upgrade() == head_revision()
    assert database.revision() == head_revision()
    assert tables(storage_url) == OURS
