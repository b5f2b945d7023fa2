"""The JSON shapes that others rely on: what ``--json`` prints and REST answers.

Owns: field names and order, as the service's contract has them; scores in percent, deltas in pp.
Does not cover: how values come about (``storage``, ``search``).
"""

from __future__ import annotations

from typing import Any

from storage.new_rows import NULL_KINDS
from storage.records import BoundedCell, Cell, Run, StateCounts, StudyStatus


def status_shape(status: StudyStatus) -> dict[str, Any]:
    """``talan study status NAME --json``."""
    return {
        "name": status.name,
        "state": status.state,
        "runs": _counts(status.runs),
        "baselines": _counts(status.baselines),
        "g1": {"count": status.g1, "rate": status.g1_rate},
    }


def nulls_shape(status: StudyStatus) -> dict[str, Any]:
    """What a study with null runs shows besides; nothing for one that has none."""
    counts = {kind: status.kinds[kind] for kind in NULL_KINDS if kind in status.kinds}
    return {"nulls": {kind: _counts(of_kind) for kind, of_kind in counts.items()}} if counts else {}


def run_shape(run: Run) -> dict[str, Any]:
    """One entry of ``talan runs NAME --json``.

    A cell that was not evaluated in full has ``bounds`` and no score; its run no mean delta.
    """
    cells = {name: _cell(cell) for name, cell in run.cells.items()}
    cells |= {name: _bounded_cell(cell) for name, cell in run.bounds.items()}
    return {
        "id": run.id,
        "backbone": run.backbone,
        "adapter": run.adapter,
        "seed": run.seed,
        "baseline_seed": run.baseline_seed,
        "kind": run.kind,
        "configuration": run.configuration,
        "state": run.state,
        "cells": dict(sorted(cells.items())) if run.bounds else cells,
        "mean_delta": run.mean_delta,
        "g1": run.g1,
    }


def run_details_shape(run: Run, *, error_detail: str | None = None) -> dict[str, Any]:
    """``talan run RUN_ID --json``: a listing's entry and what only one run's page shows."""
    artifacts: dict[str, str | None] = {}
    artifacts |= {name: cell.responses_artifact for name, cell in run.cells.items()}
    artifacts |= {name: cell.responses_artifact for name, cell in run.bounds.items()}
    return {
        **run_shape(run),
        "study": run.study,
        "error": run.error,
        "error_detail": error_detail,
        "attempt": run.attempt,
        "worker": run.worker,
        "compute_s": run.compute_s,
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "checkpoint": run.checkpoint_artifact,
        "responses": {name: artifact for name, artifact in artifacts.items() if artifact},
        "provenance": run.provenance_hash,
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "score": cell.score,
        "baseline_score": cell.baseline_score,
        "delta": cell.delta,
        "n_items": cell.n_items,
        "n_correct": cell.n_correct,
    }


def _bounded_cell(cell: BoundedCell) -> dict[str, Any]:
    return {
        "score": None,
        "delta": None,
        "baseline_score": cell.baseline_score,
        "n_items": cell.n_items,
        "n_evaluated": cell.n_evaluated,
        "bounds": {"n_correct": list(cell.n_correct), "delta": list(cell.delta)},
    }


def _counts(counts: StateCounts) -> dict[str, int]:
    return {
        "total": counts.total,
        "completed": counts.completed,
        "running": counts.running,
        "failed": counts.failed,
        "pending": counts.pending,
    }
