"""The storage URL: which databases there are and how a URL is shown.

Owns: normalising a URL to a driver this project has, and showing it without its secrets.
Does not cover: connecting (`database.py`).
"""

from __future__ import annotations

from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from storage.errors import StorageUrlError
from storage.secrets import MASK

_DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_ALLOWED = "use sqlite:///FILE or postgresql://USER@HOST/DATABASE"
# What of a URL's query tells nothing; any other value may be a secret, whatever it is called.
_HARMLESS = {"host", "port", "user", "dbname", "sslmode", "options", "application_name"}


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
    is_sqlite = url.drivername == "sqlite"
    if not is_sqlite and "@" in f"{url.host}{url.database}":
        raise StorageUrlError(  # what was read as host or database may be half a password
            "the storage URL cannot be read: it holds more than one '@'; write a password's "
            "special characters in percent form (@ is %40, / is %2F)"
        )
    if not url.database or url.database == ":memory:":
        raise StorageUrlError(f"the storage URL {shown(url)} names no database: {_ALLOWED}")
    return url.set(drivername=_DRIVERS[url.drivername])


def shown(url: URL) -> str:
    """Return the URL as a user may see it: without its password, wherever it stands."""
    query = {name: value if name in _HARMLESS else MASK for name, value in url.query.items()}
    text = url.set(query=query).render_as_string(hide_password=True)
    return text.replace(quote(MASK), MASK).replace(quote_plus(MASK), MASK)


def secrets_of(url: URL) -> list[str]:
    """What of a URL must not be shown, not even in somebody else's words."""
    values = [url.password] if url.password else []
    for name, value in url.query.items():
        if name not in _HARMLESS:
            values += [value] if isinstance(value, str) else list(value)
    return [value for value in values if len(value) > 2]
