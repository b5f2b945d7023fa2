"""Rows of a data file: JSON lines, JSON, CSV or Parquet, one mapping after the other.

Owns: reading them without loading more than a batch, what counts as missing (a NaN, an empty cell
of Parquet), and the sentence for a column that is missing. Does not cover what the columns mean.
"""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workers.data.json_lines import json_lines, require_whole_characters
from workers.data.json_list import json_list
from workers.errors import DataError

FORMATS = (".jsonl", ".json", ".csv", ".parquet")
Row = Mapping[str, Any]


def read_rows(path: Path, *, halves: bool = False) -> Iterator[Row]:
    """Yield the rows of a file in its order.

    Args:
        path: The file; its suffix says its format.
        halves: Whether text may hold halves of characters, as scraped text does.

    Raises:
        DataError: It is missing, is not of an allowed format, or a row is no mapping of columns.
    """
    if path.suffix not in _READERS:
        raise DataError(f"data file {str(path)!r} is not allowed; allowed: {', '.join(FORMATS)}")
    try:
        for number, row in enumerate(_READERS[path.suffix](path), start=1):
            if not isinstance(row, Mapping):
                raise DataError(f"{path.name}: row {number} is {row!r}; allowed: a row of columns")
            if not halves:
                require_whole_characters(row, number=number)
            yield {column: None if _is_nan(value) else value for column, value in row.items()}
    except (OSError, ValueError, csv.Error, pa.ArrowException) as error:
        reason = str(error).strip().split("\n")[0][:200]
        raise DataError(f"data file {str(path)!r} cannot be read: {reason}") from error


def read_json_lines(path: Path) -> list[dict[str, object]]:
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


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _json_lines(path: Path) -> Iterator[object]:
    for _, row in json_lines(path, halves=True):  # checked above, for every format
        yield row


def _csv(path: Path) -> Iterator[object]:
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, strict=True)
        names = list(rows.fieldnames or [])
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise ValueError(f"the column {repeated!r} occurs twice")
        for row in rows:
            if None in row:
                raise ValueError(f"line {rows.line_num} has more cells than the {len(names)} names")
            yield row


def _parquet(path: Path) -> Iterator[object]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1024):
            yield from batch.to_pylist()


_READERS = {".jsonl": _json_lines, ".json": json_list, ".csv": _csv, ".parquet": _parquet}
