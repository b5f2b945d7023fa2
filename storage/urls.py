"""The storage URL: which databases there are and how a URL is shown.

Owns: normalising a URL to a driver this project has, and showing it without its password.
Does not cover: connecting (`database.py`).
"""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import StorageUrlError

_DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_ALLOWED = "use sqlite:///FILE or postgresql://USER@HOST/DATABASE"


def parse_url(text: str) -> URL:
    """Read a storage URL and name the driver explicitly.

    Raises:
        StorageUrlError: if it is no URL, names another kind of database, or SQLite without a file.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StorageUrlError(f"the storage URL cannot be read: {_ALLOWED}") from None
    if url.drivername not in _DRIVERS:
        raise StorageUrlError(f"the storage URL starts with '{url.drivername}': {_ALLOWED}")
    if not url.database or url.database == ":memory:":
        raise StorageUrlError(f"the storage URL {shown(url)} names no database: {_ALLOWED}")
    return url.set(drivername=_DRIVERS[url.drivername])


def shown(url: URL) -> str:
    """Return the URL as a user may see it: with its password hidden."""
    return url.render_as_string(hide_password=True)
