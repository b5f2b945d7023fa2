"""Rows of a data file: JSON lines, JSON, CSV or Parquet, one mapping after the other.

Owns: reading them without loading more than a batch where the format allows it, and the sentence
for a column that is missing. Does not cover what the columns mean.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workers.errors import DataError

FORMATS = (".jsonl", ".json", ".csv", ".parquet")
Row = Mapping[str, Any]
_SPACE = re.compile(r"\s*")


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file in its order.

    Raises:
        DataError: It is missing, is not of an allowed format, or a row is no mapping of columns.
    """
    if path.suffix not in _READERS:
        raise DataError(f"data file {str(path)!r} is not allowed; allowed are {', '.join(FORMATS)}")
    try:
        for number, row in enumerate(_READERS[path.suffix](path), start=1):
            if not isinstance(row, Mapping):
                raise DataError(
                    f"{path.name}: row {number} is {row!r}; allowed is a row of columns"
                )
            yield row
    except (OSError, UnicodeDecodeError, ValueError, csv.Error, pa.ArrowException) as error:
        reason = str(error).strip().split("\n")[0][:200]
        raise DataError(f"data file {str(path)!r} cannot be read: {reason}") from error


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Return all rows of a file of JSON lines.

    Raises:
        DataError: as `read_rows`.
    """
    return [dict(row) for row in read_rows(path)]


def require_columns(row: Row, columns: Sequence[str], *, where: str) -> None:
    """Check that a row has the columns.

    Raises:
        DataError: naming those that are missing and those that are there.
    """
    missing = [column for column in columns if column not in row]
    if missing:
        raise DataError(
            f"{where} has no column {', '.join(map(repr, missing))}; needed are "
            f"{', '.join(columns)}, and there are {', '.join(map(str, row)) or 'none'}"
        )


def _json_lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise ValueError(f"line {number} is no JSON ({error})") from error


def _json(path: Path) -> Iterator[Any]:
    """The members of one long list, one at a time: the list itself may not fit into memory."""
    text, decoder = path.read_text(encoding="utf-8-sig"), json.JSONDecoder()
    at = _past_space(text, 0)
    if text[at : at + 1] != "[":
        raise ValueError("it is no list of rows")
    at = _past_space(text, at + 1)
    while text[at : at + 1] != "]":
        row, at = decoder.raw_decode(text, at)
        yield row
        at = _past_space(text, at)
        if text[at : at + 1] == ",":
            at = _past_space(text, at + 1)
        elif text[at : at + 1] != "]":
            raise ValueError(f"its list of rows does not go on at character {at}")


def _past_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing too


def _csv(path: Path) -> Iterator[Any]:
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _parquet(path: Path) -> Iterator[Any]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1024):
            yield from batch.to_pylist()


_READERS = {".jsonl": _json_lines, ".json": _json, ".csv": _csv, ".parquet": _parquet}
