"""The responses of one cell, read back from bytes without torch.

Owns: the way back from what `workers.evaluation.responses` writes. Does not cover where the bytes
come from and whether they are whole (`storage.artifacts`).
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workers.errors import DataError, first_line
from workers.evaluation.asked_items import asked_artifact


@dataclass(frozen=True)
class StoredResponse:
    """One item's response, and the verdict it got when it was evaluated."""

    item_id: str
    response: str
    is_correct: bool


def decode_responses(data: bytes) -> list[StoredResponse]:
    """Read one stored response per item, in item order.

    Raises:
        DataError: if the bytes are not a cell's responses.
    """
    try:
        table = pq.read_table(BytesIO(data), columns=["item_id", "response", "correct"])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _refused(error) from error
    if table.num_columns < 3:
        there = ", ".join(table.column_names) or "none"
        raise DataError(f"Responses need item_id, response and correct; of these there are {there}")
    columns = (table[name].to_pylist() for name in ("item_id", "response", "correct"))
    return [StoredResponse(*row) for row in zip(*columns, strict=True)]


def decode_tokens(data: bytes) -> dict[str, tuple[int, ...]] | None:
    """Read the token ids of each response by item id, the token that ended it included.

    None where they were not kept: responses of earlier versions.

    Raises:
        DataError: if the bytes are not a cell's responses.
    """
    columns = _later_columns(data, "item_id", "tokens")
    if columns is None or None in columns[1]:
        return None
    return {item: tuple(tokens) for item, tokens in zip(*columns, strict=True)}


def count_truncated(data: bytes) -> int | None:
    """Return how many responses ended at the limit of new tokens; None where nobody looked.

    Raises:
        DataError: if the bytes are not a cell's responses.
    """
    columns = _later_columns(data, "truncated")
    return None if columns is None or None in columns[0] else sum(columns[0])


def _later_columns(data: bytes, *names: str) -> list[list[Any]] | None:
    """Columns that not every version writes; None where one of them is missing."""
    try:
        file = pq.ParquetFile(BytesIO(data))
        if not set(names) <= set(file.schema_arrow.names):
            return None
        table = file.read(columns=list(names))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _refused(error) from error
    return [table[name].to_pylist() for name in names]


def asked_with(data: bytes) -> str | None:
    """Return the artifact with a cell's prompts; None where the responses name none.

    Raises:
        DataError: if the bytes are not a cell's responses.
    """
    try:
        return asked_artifact(pq.read_schema(BytesIO(data)))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _refused(error) from error


def _refused(error: Exception) -> DataError:
    return DataError(f"These bytes are not the responses of a cell: {first_line(error)}")
