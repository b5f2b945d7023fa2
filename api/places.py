"""Where the record and the artifacts are when nobody says: in the working folder."""

from __future__ import annotations

from pathlib import Path

DEFAULT_STORAGE = "sqlite:///talan.db"


def artifact_url(value: str | None) -> str:
    """The artifact store's URL; a folder becomes absolute, for workers have their own."""
    if value and "://" in value:
        return value
    return str(Path(value or "talan-artifacts").absolute())
