"""A run's outcome as an artifact, on its way from a worker that has no record at hand.

Owns: writing it as JSON and reading it back equal. Does not cover: what the record makes of it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import Any

from storage import ArtifactStore, CellOutcome, RunOutcome
from storage.generation import Generation


def put_outcome(store: ArtifactStore, outcome: RunOutcome) -> str:
    """Store an outcome all of whose cells are done in full; the artifact's name."""
    record = {**asdict(outcome), "cells": [_written(cell) for cell in outcome.cells]}
    del record["partial"]
    return store.put_bytes(json.dumps(record, sort_keys=True).encode(), suffix="json").name


def get_outcome(store: ArtifactStore, name: str) -> RunOutcome:
    """Read it back.

    Raises:
        ArtifactError: It is gone or altered.
    """
    record = json.loads(store.get_bytes(name))
    cells = [_read(cell) for cell in record.pop("cells")]
    return RunOutcome(cells=cells, **record)


def _written(cell: CellOutcome) -> dict[str, object]:
    bits = "".join("1" if right else "0" for right in cell.outcomes)
    digests = None if cell.digests is None else base64.b64encode(cell.digests).decode()
    return {**asdict(cell), "outcomes": bits, "digests": digests}


def _read(cell: dict[str, Any]) -> CellOutcome:
    digests, told = cell["digests"], cell.get("generation")
    return CellOutcome(
        **{
            **cell,
            "outcomes": [bit == "1" for bit in cell["outcomes"]],
            "digests": None if digests is None else base64.b64decode(digests),
            "generation": None if told is None else Generation(**told),
        }
    )
