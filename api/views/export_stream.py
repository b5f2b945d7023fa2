"""A study's table as a stream of bytes: one row per cell, some runs at a time.

Owns: CSV and Parquet written piece by piece, so that a study of any size needs little memory. Does
not cover: the columns (``search.rates.cell_table``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from io import RawIOBase
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from search.rates.cell_table import cell_frame
from search.rates.csv_text import csv_text
from storage.records import Run

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_RUNS_AT_ONCE = 1_000


def export_stream(runs: Iterable[Run], file_format: str) -> Iterator[bytes]:
    """The table in ``csv`` or ``parquet``."""
    return _csv(runs) if file_format == "csv" else _parquet(runs)


def _csv(runs: Iterable[Run]) -> Iterator[bytes]:
    yield csv_text(cell_frame([])).encode()
    for some in _batches(runs):
        yield csv_text(cell_frame(some), header=False).encode()


def _parquet(runs: Iterable[Run]) -> Iterator[bytes]:
    schema = pa.Schema.from_pandas(cell_frame([]), preserve_index=False).remove_metadata()
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for some in _batches(runs):
            table = pa.Table.from_pandas(cell_frame(some), schema=schema, preserve_index=False)
            writer.write_table(table.replace_schema_metadata(None))
            yield sink.take()
    yield sink.take()


def _batches(runs: Iterable[Run]) -> Iterator[list[Run]]:
    iterator = iter(runs)
    while some := list(itertools.islice(iterator, _RUNS_AT_ONCE)):
        yield some


class _Sink(RawIOBase):
    """Hands on what is written to it, and knows how much that was: Parquet holds positions."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._position += len(part)
        return len(part)

    def take(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
