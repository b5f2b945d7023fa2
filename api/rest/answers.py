"""What a run answered, item by item, beside its baseline.

Owns: reading two stored cells and putting them side by side by item. Does not cover: how responses
are stored (``workers.responses``), nor checking them: the artifact store compares hashes.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pyarrow.parquet as pq

from api.rest.problems import Problem
from storage import BASELINE, ArtifactError, ArtifactStore, AuditStore, Run, RunFilter

_COLUMNS = ["item_id", "prompt_sha256", "response", "extracted", "correct"]


def item_page(
    store: AuditStore, run_id: str, *, benchmark: str, first: int, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Some of a cell's items in their order, and the cursor of the next ones; None at the end.

    Raises:
        RunNotFound: There is no such run.
        Problem: The run has no such cell.
        ArtifactError: The responses are gone, altered or out of reach.
    """
    run = store.runs.get(run_id)
    if benchmark not in run.cells and benchmark not in run.bounds:
        raise Problem(404, "cell-not-found", _no_cell(run, benchmark))
    artifacts = ArtifactStore(store.studies.get(run.study).artifact_url)
    rows = _rows(artifacts, run, benchmark)
    beside = _beside(artifacts, _baseline(store, run), benchmark)
    last = first + limit
    items = [{**row, "baseline": beside.get(row["item_id"])} for row in rows[first:last]]
    return items, str(last) if last < len(rows) else None


def _no_cell(run: Run, benchmark: str) -> str:
    there = ", ".join([*run.cells, *run.bounds]) or f"none, the run is {run.state}"
    return f"run {run.id} has no cell of benchmark {benchmark!r}; there are: {there}"


def _rows(artifacts: ArtifactStore, run: Run, benchmark: str) -> list[dict[str, Any]]:
    cell = run.cells.get(benchmark) or run.bounds[benchmark]
    if cell.responses_artifact is None:  # none of its items was asked
        return []
    data = artifacts.get_bytes(cell.responses_artifact)
    rows: list[dict[str, Any]] = pq.read_table(BytesIO(data), columns=_COLUMNS).to_pylist()
    return rows


def _baseline(store: AuditStore, run: Run) -> Run | None:
    if run.kind == BASELINE:
        return None
    wanted = RunFilter(
        kind=BASELINE, backbone=run.backbone, adapter=run.adapter, seed=run.baseline_seed
    )
    found = store.runs.page(run.study, wanted, limit=1).runs
    return found[0] if found else None


def _beside(
    artifacts: ArtifactStore, baseline: Run | None, benchmark: str
) -> dict[str, dict[str, Any]]:
    """The baseline's answers by item; none where they are not to be had."""
    if baseline is None or benchmark not in baseline.cells:
        return {}
    try:
        rows = _rows(artifacts, baseline, benchmark)
    except ArtifactError:
        return {}
    kept = ("response", "extracted", "correct")
    return {row["item_id"]: {key: row[key] for key in kept} for row in rows}
