"""Lists in the docs are those of the code: tables, the store's parts, the runs' filters."""

from __future__ import annotations

import re
from pathlib import Path

from api.rest.runs.query import RunQuery
from storage import AuditStore, Database
from storage.models import Base

DOCS = Path(__file__).parents[1] / "docs"
STORAGE = (DOCS / "concepts" / "storage.md").read_text(encoding="utf-8")
REST = (DOCS / "reference" / "rest.md").read_text(encoding="utf-8")
OF_A_PAGE = {"sort", "limit", "cursor"}


def test_every_table_of_the_record_is_explained() -> None:
    rows = re.findall(r"^\| `(talan_\w+)` \|", STORAGE, flags=re.MULTILINE)
    assert sorted(rows) == sorted(Base.metadata.tables)


def test_every_part_of_the_store_is_named(tmp_path: Path) -> None:
    with AuditStore(Database(f"sqlite:///{tmp_path}/talan.db")) as store:
        parts = {name for name in vars(store) if name != "database"}
    assert _named(STORAGE, "Every public method of", "is one transaction") == parts


def test_every_filter_of_runs_is_named() -> None:
    assert _named(REST, "Filters:", ". `train_until=null`") == {*RunQuery.model_fields} - OF_A_PAGE


def _named(text: str, begin: str, end: str) -> set[str]:
    """The names in backquotes between two phrases, each without what it is an attribute of."""
    between = text.partition(begin)[2].partition(end)[0]
    return {name.rpartition(".")[2] for name in re.findall(r"`([\w.]+)`", between)}
