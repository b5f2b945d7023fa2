"""Fixtures of the storage tests: an open store, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage import AuditStore


@pytest.fixture
def store(storage_url: str) -> Iterator[AuditStore]:
    """An empty store: a test that asks for it runs on SQLite and on Postgres."""
    with AuditStore.open(storage_url) as opened:
        yield opened
