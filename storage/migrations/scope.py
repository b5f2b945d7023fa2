"""Which tables are ours.

Owns: the rule by which Alembic tells our tables from others in the same database.
Does not cover: the tables themselves (`storage/models.py`).
"""

from __future__ import annotations

PREFIX = "talan_"


def include_object(
    thing: object, name: str | None, kind: str, reflected: bool, compare_to: object
) -> bool:
    """Say whether Alembic may look at a table, column or index."""
    del reflected, compare_to
    table = name if kind == "table" else getattr(getattr(thing, "table", None), "name", None)
    return table is None or table.startswith(PREFIX)
