"""The responses of one cell, read back from bytes without torch.

Owns: the way back from what `workers.evaluation.responses` writes. Does not cover where the bytes
come from and whether they are whole (`storage.artifacts`).
"""

from dataclasses import dataclass
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from workers.errors import DataError


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
        reason = str(error).splitlines()[0] if str(error) else "unreadable"
        raise DataError(f"These bytes are not the responses of a cell: {reason}") from error
    if table.num_columns < 3:
        there = ", ".join(table.column_names) or "none"
        raise DataError(f"Responses need item_id, response and correct; of these there are {there}")
    columns = (table[name].to_pylist() for name in ("item_id", "response", "correct"))
    return [StoredResponse(*row) for row in zip(*columns, strict=True)]


def count_truncated(data: bytes) -> int | None:
    """Return how many responses ended at the limit of new tokens; None where nobody looked.

    Raises:
        DataError: if the bytes are not a cell's responses.
    """
    try:
        file = pq.ParquetFile(BytesIO(data))
        if "truncated" not in file.schema_arrow.names:
            return None
        values = file.read(columns=["truncated"])["truncated"].to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else "unreadable"
        raise DataError(f"These bytes are not the responses of a cell: {reason}") from error
    return None if None in values else sum(values)
