"""The responses of one cell as bytes: Parquet, zstd, the same bytes for the same content.

Owns the columns and their order. Does not cover where the bytes go (``storage.artifacts``).
"""

from collections.abc import Sequence
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from workers.evaluation.asked_items import naming_asked
from workers.evaluation.harness import ScoredItem

SCHEMA = pa.schema(
    [
        ("item_id", pa.string()),
        ("prompt_sha256", pa.string()),
        ("response", pa.string()),
        ("extracted", pa.string()),
        ("correct", pa.bool_()),
        ("truncated", pa.bool_()),  # ended at the limit of new tokens; older files lack it
        ("timed_out", pa.bool_()),  # wrong for want of time to find out; older files lack it
        ("tokens", pa.list_(pa.int32())),  # ids, the one that ended it included; older lack it
        ("margin", pa.float32()),  # smallest lead over the second choice; null: not measured
    ]
)


def encode_responses(items: Sequence[ScoredItem], *, asked: str | None = None) -> bytes:
    """Encode one row per item, in item order.

    Args:
        items: The items that were asked.
        asked: The artifact with their prompts (``workers.evaluation.asked_items``).
    """
    columns = [
        [item.outcome.item_id for item in items],
        [item.prompt_sha256 for item in items],
        [item.outcome.response for item in items],
        [item.outcome.extracted for item in items],
        [item.outcome.is_correct for item in items],
        [None if item.written is None else item.written.is_truncated for item in items],
        [item.outcome.timed_out for item in items],
        [None if item.written is None else list(item.written.tokens) for item in items],
        [None if item.written is None else item.written.margin for item in items],
    ]
    arrays = [
        pa.array(values, type=field.type) for values, field in zip(columns, SCHEMA, strict=True)
    ]
    schema = SCHEMA if asked is None else naming_asked(SCHEMA, asked)
    file = BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), file, compression="zstd")
    return file.getvalue()
