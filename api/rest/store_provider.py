"""The record as the API holds it: one store for all requests, opened when it first answers.

Owns: serving before the database is up (a request gets a 503, not a dead process), and the
dependencies that hand the store, what is remembered of it and the settings to endpoints.
"""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from api.rest.settings import Settings
from dashboards.pages.page_cache import Kept
from search.rates.known_rates import KnownRates
from storage import AuditStore, Database

_IMPORTANCES = 50


class Record:
    """A store that is checked, and filled if it is empty, before its first use.

    Attributes:
        is_prepared: Whether that was done.
        rates: G1 rates computed so far.
        importances: Importances computed so far.
    """

    def __init__(self, url: str) -> None:
        self._store = AuditStore(Database(url))
        self._lock = threading.Lock()
        self.is_prepared = False
        self.rates = KnownRates()
        self.importances: Kept[list[object]] = Kept(_IMPORTANCES)

    def opened(self) -> AuditStore:
        """The store.

        Raises:
            StorageUnavailable: The database does not answer.
            StorageOutdated: Its tables do not fit this program.
        """
        if not self.is_prepared:
            with self._lock:
                if not self.is_prepared:
                    self._store.database.prepare(create=True)
                    self.is_prepared = True
        return self._store

    def close(self) -> None:
        """Close all connections."""
        self._store.close()


async def _store(request: Request) -> AuditStore:
    record: Record = request.app.state.record
    # A thread only where something is waited for: it would be a third of a small answer's cost.
    return record.opened() if record.is_prepared else await run_in_threadpool(record.opened)


async def _rates(request: Request) -> KnownRates:
    record: Record = request.app.state.record
    return record.rates


async def _importances(request: Request) -> Kept[list[Any]]:
    record: Record = request.app.state.record
    return record.importances


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Store = Annotated[AuditStore, Depends(_store)]
Known = Annotated[KnownRates, Depends(_rates)]
KnownImportances = Annotated[Kept[list[Any]], Depends(_importances)]
Configured = Annotated[Settings, Depends(_settings)]
