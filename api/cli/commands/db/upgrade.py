"""``talan db upgrade``: bring the database up to this program's version."""

from __future__ import annotations

import typer

from api.cli.options import StorageOption
from api.places import DEFAULT_STORAGE
from storage import Database


def upgrade(storage: StorageOption = None) -> None:
    """Bring the database's tables up to this program's version (and make them where none are)."""
    database = Database(storage or DEFAULT_STORAGE)
    database.upgrade()
    typer.echo("The database is up to date.")
