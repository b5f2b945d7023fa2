"""A cell's responses as a worker stores them, for records made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from storage import ArtifactStore
from workers.evaluation.asked_items import AskedItem, encode_asked, naming_asked


def store_answers(
    artifacts: str, correct: Sequence[bool], *, word: str, asked: Sequence[AskedItem] = ()
) -> str:
    """Store an answer per item: the word and the item's number; the artifact's name.

    Args:
        artifacts: The artifact store.
        correct: Right or wrong, by item.
        word: What every answer begins with.
        asked: What the items were asked with; without it as earlier workers stored responses.
    """
    store = ArtifactStore(artifacts)
    rows = [
        {
            "item_id": f"item-{number}",
            "prompt_sha256": f"{number:064x}",
            "response": f"{word} {number}",
            "extracted": None if number == 0 else str(number),
            "correct": is_right,
        }
        for number, is_right in enumerate(correct)
    ]
    table = pa.Table.from_pylist(rows)
    if asked:
        prompts = store.put_bytes(encode_asked(asked), suffix="parquet")
        table = table.cast(naming_asked(table.schema, prompts.name))
    file = BytesIO()
    pq.write_table(table, file, compression="zstd")
    return store.put_bytes(file.getvalue(), suffix="parquet").name
