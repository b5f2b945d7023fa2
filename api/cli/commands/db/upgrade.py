"""``talan db upgrade``: bring the database up to this program's version."""

from __future__ import annotations

import typer

from api.cli.options import StorageOption, open_store
from api.places import DEFAULT_STORAGE
from search.driving.compare_responses import compare_responses
from storage import Database


def upgrade(storage: StorageOption = None) -> None:
    """Bring the database's tables up to this program's version; an empty database gets them.

    Older records' stored responses are compared with the baseline's if the artifact store has them.
    """
    database = Database(storage or DEFAULT_STORAGE)
    database.upgrade()
    database.close()
    with open_store(storage) as store:
        found = [compare_responses(store, name) for name in store.studies.names()]
    compared, left = (sum(pair[i] for pair in found) for i in (0, 1))
    if compared or left:
        typer.echo(f"{compared} older cells were compared with their baseline's responses.")
    if left:
        typer.echo(f"{left} could not be: their stored responses are not in the artifact store.")
    typer.echo("The database is up to date.")
