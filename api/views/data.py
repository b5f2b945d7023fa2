"""Benchmarks and mixtures in the data folder. Does not cover: reading it (``workers.data``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field

from api.views.base import View
from workers.mixture.listing import Entry


class DataEntry(View):
    """One benchmark or mixture."""

    kind: str = Field(description="benchmark, mixture or source")
    name: str
    num_rows: int | None = Field(description="rows that are there; null: missing")
    expected_rows: int | None = Field(description="rows as published, where that is known")
    sha256: str | None
    source: str | None = Field(description="where it came from")
    files: dict[str, str] = Field(description="sha256 by file name")

    @classmethod
    def from_record(cls, entry: Entry) -> Self:
        """Of an entry of the listing."""
        return cls(
            kind=entry.kind,
            name=entry.name,
            num_rows=entry.num_rows,
            expected_rows=entry.expected_rows,
            sha256=entry.sha256,
            source=entry.source,
            files={path.name: digest for path, digest in entry.files},
        )


class DataListing(View):
    """Everything in the data folder."""

    folder: str
    entries: list[DataEntry]

    @classmethod
    def from_record(cls, entries: Sequence[Entry], *, folder: Path) -> Self:
        """Of what was listed."""
        return cls(folder=str(folder), entries=[DataEntry.from_record(entry) for entry in entries])
