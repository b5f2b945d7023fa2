"""Databases that are filled once a session and copied for each test.

Owns: a template for each name, and copies of it. Does not cover: what a template is filled with.
Migrations are run when a template is filled; tests of migrations start from a bare database.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from postgres_server import PostgresServer

Fill = Callable[[str], None]


class SqliteCopies:
    """Templates as files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def copy(self, name: str, fill: Fill, *, to: Path) -> str:
        """Copy a template, which ``fill`` gets the URL of when it is new; the copy's URL."""
        template = self._folder / f"{name}.db"
        if not template.exists():
            fill(f"sqlite:///{template}")
        # The connection that closed last has put all into the one file.
        assert not template.with_name(f"{template.name}-wal").exists(), f"{name} is still open"
        shutil.copy(template, to)
        return f"sqlite:///{to}"


class PostgresCopies:
    """Templates as databases of the tests' server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._templates: dict[str, str] = {}
        self._copies: list[str] = []

    def copy(self, name: str, fill: Fill) -> str:
        """Copy a template, which ``fill`` gets the URL of when it is new; the copy's URL."""
        if name not in self._templates:
            template = self._server.create_database()
            fill(self._server.url(template))
            self._templates[name] = template
        made = self._server.create_database(template=self._templates[name])
        self._copies.append(made)
        return self._server.url(made)

    def drop(self) -> None:
        """Drop all copies."""
        while self._copies:
            self._server.drop_database(self._copies.pop())
