"""The record of all studies in one database: what the rest of the project holds.

Owns: opening a database and composing what can be asked of it.
Does not cover: any SQL of its own, except making the schema Optuna lives in on Postgres.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from sqlalchemy import func, select, text
from sqlalchemy.sql.ddl import CreateSchema

from storage.analyses import Analyses
from storage.database import Database
from storage.dispatch import Dispatch
from storage.durations import Durations
from storage.events import Events
from storage.leases import Leases
from storage.listing import Runs
from storage.patience import patience, patience_s
from storage.rates import Rates
from storage.rescored import Rescored
from storage.results import Results
from storage.studies import Studies
from storage.totals import Totals
from storage.trial_numbers import Trials
from storage.uncompared import Uncompared

PING_S = 5.0


class AuditStore:
    """Every public method of its parts is one transaction; it may be shared by threads.

    Attributes:
        studies: creating studies, their state and where they stand.
        leases: who drives a study.
        dispatch: what is due, and a run's way from pending to running or failed.
        results: recording what runs achieved.
        trials: the bridge between runs and Optuna's trials.
        runs: reading runs.
        rates: G1 counts and champions.
        rescored: cells under other scorers.
        analyses: what was computed inside runs.
        uncompared: older cells whose responses nobody compared with the baseline's.
        events: the log of what happened.
        totals: counts over all studies.
        durations: how long runs take.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.studies = Studies(database)
        self.leases = Leases(database)
        self.dispatch = Dispatch(database)
        self.results = Results(database)
        self.trials = Trials(database)
        self.runs = Runs(database)
        self.rates = Rates(database)
        self.rescored = Rescored(database)
        self.analyses = Analyses(database)
        self.uncompared = Uncompared(database)
        self.events = Events(database)
        self.totals = Totals(database)
        self.durations = Durations(database)

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open a database, creating its tables if it is empty and `create` is true.

        Raises:
            StorageUrlError: if the URL names no database this project can use.
            StorageUnavailable: if it does not answer, or is empty and may not be filled.
            StorageOutdated: if its tables are newer than this program, or older and in Postgres.
        """
        database = Database(url)
        try:
            database.prepare(create=create)
        except BaseException:  # whoever asks again and again would leave a connection each time
            database.close()
            raise
        return cls(database)

    def sibling_url(self, schema: str) -> str:
        """Return a URL (with its password) under which another library can keep its own tables.

        SQLite: the same file. Postgres: a schema of that name, made if it is not there.
        """
        url = self.database.url
        if not self.database.is_sqlite:
            self._make_schema(schema)
            url = url.update_query_dict({"options": f"-csearch_path={schema}"})
        return url.render_as_string(hide_password=False)

    def _make_schema(self, schema: str) -> None:
        """Make a schema unless it is there: who may use it may not always make one."""
        with self.database.writing() as session:
            if session.scalar(select(func.to_regnamespace(schema))) is None:
                session.execute(CreateSchema(schema, if_not_exists=True))

    def ping(self) -> None:
        """Ask the database for an answer, within seconds.

        Raises:
            StorageUnavailable: if it gives none.
        """
        shorter = min(PING_S, patience_s() or PING_S)
        with patience(shorter), self.database.reading() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
