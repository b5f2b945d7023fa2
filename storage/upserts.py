"""Inserting rows that may be there already.

Owns: "insert, but leave what exists" and "insert, or put in its place", in both dialects.
Does not cover: any other change of existing rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.models import Base


def insert_missing(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, leaving those alone whose key exists."""
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table.__table__).on_conflict_do_nothing()
    session.connection().execute(statement, list(rows))


def insert_or_replace(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; one whose primary key exists is overwritten."""
    if not rows:
        return
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table.__table__)
    keys = [column.name for column in table.__table__.primary_key]
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=values)
    session.connection().execute(statement, list(rows))
