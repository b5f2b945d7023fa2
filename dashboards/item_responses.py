"""What a run answered, item by item, with its matched baseline.

Owns: reading a cell's stored responses with what was asked, putting the two runs side by side, and
sorting items by what changed: helped, hurt, both right, both wrong. Does not cover: checking stored
responses: the artifact store compares hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage import ArtifactError, ArtifactStore, AuditStore, Run
from workers.errors import DataError
from workers.evaluation.asked_items import AskedItem, asked_artifact, decode_asked

GROUPS = ("helped", "hurt", "both_right", "both_wrong")
ALONE = ("right", "wrong")  # where there is no baseline beside
_COLUMNS = ["item_id", "prompt_sha256", "response", "extracted", "correct"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """One item: the run's row, the baseline's where there is one, and what was asked.

    ``asked`` is None where the record does not have it: older runs kept the prompt's hash only.
    """

    run: Row
    baseline: Row | None
    asked: AskedItem | None

    @property
    def group(self) -> str:
        """What changed; without a baseline only whether it is right."""
        right = bool(self.run["correct"])
        if self.baseline is None:
            return "right" if right else "wrong"
        if right == bool(self.baseline["correct"]):
            return "both_right" if right else "both_wrong"
        return "helped" if right else "hurt"


def read_answers(
    store: AuditStore, run: Run, *, baseline: Run | None, benchmark: str
) -> list[Answer]:
    """A cell's items in their order.

    Raises:
        ArtifactError: The run's responses are gone, altered or out of reach; where the baseline's
            are, nothing stands beside.
    """
    artifacts = ArtifactStore(store.studies.get(run.study).artifact_url)
    table = _table(artifacts, responses_of(run, benchmark))
    before = _beside(artifacts, baseline, benchmark)
    asked = _asked(artifacts, table)
    return [
        Answer(row, before.get(row["item_id"]), asked.get(row["item_id"]))
        for row in table.to_pylist()
    ]


def responses_of(run: Run, benchmark: str) -> str | None:
    """The artifact that holds a cell's responses; None where no item was asked."""
    if benchmark in run.cells:
        return run.cells[benchmark].responses_artifact
    return run.bounds[benchmark].responses_artifact if benchmark in run.bounds else None


def _beside(artifacts: ArtifactStore, baseline: Run | None, benchmark: str) -> dict[str, Row]:
    """The baseline's rows by item; none where they are not to be had."""
    try:
        table = _table(artifacts, responses_of(baseline, benchmark) if baseline else None)
    except ArtifactError:
        return {}
    return {row["item_id"]: row for row in table.to_pylist()}


def _asked(artifacts: ArtifactStore, responses: pa.Table) -> dict[str, AskedItem]:
    """What was asked, by item; nothing where it is not to be had."""
    name = asked_artifact(responses.schema)
    if name is None:
        return {}
    try:
        return {item.item_id: item for item in decode_asked(artifacts.get_bytes(name))}
    except (ArtifactError, DataError):
        return {}


def _table(artifacts: ArtifactStore, name: str | None) -> pa.Table:
    if name is None:  # none of its items was asked
        return pa.table({column: [] for column in _COLUMNS})
    return pq.read_table(BytesIO(artifacts.get_bytes(name)), columns=_COLUMNS)
