"""What the items of a benchmark are asked with: prompts and expected answers.

Owns: the prompts of all items as the harness renders them, their bytes (the same for the same
content), and where a cell's responses name them. Prompts are alike for every run on a backbone, so
they are one artifact beside the cells and not a column in each. Does not cover: where the bytes go
(``storage.artifacts``). Imports no torch: pages read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from workers.errors import DataError

if TYPE_CHECKING:
    from lm_eval.models.huggingface import HFLM

_SCHEMA = pa.schema([("item_id", pa.string()), ("prompt", pa.string()), ("expected", pa.string())])
_ARTIFACT_KEY = b"talan.asked"


@dataclass(frozen=True)
class AskedItem:
    """One item of a benchmark.

    Attributes:
        item_id: As in a cell's responses.
        prompt: The text that the model continued, worked examples and chat template included; a
            cell's responses hold its SHA-256.
        expected: The reference answer, as the benchmark words it.
    """

    item_id: str
    prompt: str
    expected: str


def asked_items(task: Any, *, model: HFLM) -> list[AskedItem]:
    """All of a loaded task's items in their order, as ``model`` is asked them.

    Args:
        task: A harness task; its requests are built anew.
        model: The harness' model, for the chat template.
    """
    task.build_all_requests(
        apply_chat_template=True,
        chat_template=model.apply_chat_template,
        tokenizer_name=model.tokenizer_name,
    )
    requests = {request.doc_id: request for request in task.instances}
    return [
        AskedItem(
            item_id=requests[number].doc["id"],
            prompt=requests[number].args[0],
            expected=str(task.doc_to_target(requests[number].doc)),
        )
        for number in range(len(requests))
    ]


def encode_asked(items: Sequence[AskedItem]) -> bytes:
    """One row per item, in item order."""
    columns = zip(*map(astuple, items), strict=True)
    arrays = [pa.array(column, type=pa.string()) for column in columns]
    file = BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA), file, compression="zstd")
    return file.getvalue()


def decode_asked(data: bytes) -> list[AskedItem]:
    """Read them back.

    Raises:
        DataError: These bytes are something else.
    """
    try:
        table = pq.read_table(BytesIO(data), columns=_SCHEMA.names)
        columns = [table[name].to_pylist() for name in _SCHEMA.names]
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DataError(f"These bytes are not the items of a benchmark: {error}") from error
    return [AskedItem(*row) for row in zip(*columns, strict=True)]


def naming_asked(schema: pa.Schema, artifact: str) -> pa.Schema:
    """The schema of responses to the items that are stored as ``artifact``."""
    return schema.with_metadata({_ARTIFACT_KEY: artifact.encode()})


def asked_artifact(schema: pa.Schema) -> str | None:
    """The artifact that responses of this schema name; None in those of earlier versions."""
    metadata: Mapping[bytes, bytes] = schema.metadata or {}
    name = metadata.get(_ARTIFACT_KEY)
    return None if name is None else name.decode()
