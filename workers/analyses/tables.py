"""An analysis' values as Parquet, written piece by piece.

Owns: the file, whose bytes are the same for the same values, and that only one piece of it is in
memory while items are looked at. Does not cover: columns, which each analysis names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from storage.artifacts import ArtifactRef, ArtifactStore


class Table:
    """A Parquet file in the making.

    Args:
        schema: Its columns.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="talan-table-")
        self._path = Path(self._folder.name) / "table.parquet"
        self._schema = schema
        self._writer = pq.ParquetWriter(self._path, schema, compression="zstd")

    def add(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Write some rows."""
        if rows:
            self._writer.write_table(pa.Table.from_pylist(list(rows), schema=self._schema))

    def store(self, artifacts: ArtifactStore) -> ArtifactRef:
        """End the file and put it into the store."""
        self._writer.close()
        return artifacts.put_bytes(self._path.read_bytes(), suffix="parquet")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        self._folder.cleanup()
