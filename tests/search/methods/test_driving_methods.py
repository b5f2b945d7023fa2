"""A study of methods, driven: real training and scoring on a small host; resumed, judged early."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from driving_here import driving_here
from small_suite import small_host

from search.driving.audits import drive, launch
from search.follow_ups.rescoring import rescore
from search.methods.rows import MethodRow, method_rows
from search.study.file import parse_study
from storage import METHOD, AuditStore, RunFilter

METHODS: list[dict[str, Any]] = [
    {"method": "repe", "layers": [0], "strengths": [0, 8], "pairs": 16},
    {"method": "loreft", "rank": 4, "learning_rate": 0.05},
    {"method": "delift", "fraction": 0.5, "anchors": 2},
]
STUDY: dict[str, Any] = {
    "methods": METHODS,
    "training": {"max_steps": 3, "num_examples": 40, "eval_batch_size": 4},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[MethodRow]]:
    """The rows of the study with full and with exact verdicts; each was driven twice."""
    folder = tmp_path_factory.mktemp("driven")
    host = small_host(folder, "tiny_choice", "tiny_arithmetic")
    rows = {}
    with AuditStore.open(f"sqlite:///{folder}/talan.db") as store, driving_here():
        for name in ("full", "exact"):
            file = parse_study({**STUDY, **host, "name": name, "verdicts": name})
            launch(store, file, artifact_url=str(folder / "artifacts"))
            assert drive(store, name) == "completed"
            attempts = [run.attempt for run in store.runs.iterate(name)]
            assert drive(store, name) == "completed"
            assert [run.attempt for run in store.runs.iterate(name)] == attempts
            rows[name] = method_rows(store, name)
        _rescored(store, Path(folder))
    return rows


def _rescored(store: AuditStore, folder: Path) -> None:
    rescore(store, "full", scorer="strict")
    cells = store.rescored.cells("full", scorer="strict")
    methods = [run.id for run in store.runs.iterate("full", RunFilter(kind=METHOD))]
    assert set(methods) <= set(cells), folder


def test_every_method_has_deltas_a_null_and_its_cost(found: dict[str, list[MethodRow]]):
    rows = found["full"]
    assert [row.method for row in rows] == ["repe", "loreft", "delift"]
    for row in rows:
        assert row.run.mean_delta is not None
        assert row.null is not None
        assert row.null.mean_delta is not None
        cost, cells = row.cost, row.run.cells.values()
        assert cost.training_s is not None
        assert cost.preparation_s is not None
        parts = cost.training_s + cost.preparation_s + sum(cell.seconds for cell in cells)
        assert parts == pytest.approx(row.run.compute_s)
        assert cost.seconds_per_1k_tokens is not None
        assert "3 steps, 24 examples seen" in row.fairness
    assert rows[0].chosen is not None
    assert rows[0].chosen["tries"] == 2
    assert rows[1].chosen is None


def test_exact_verdicts_are_those_of_all_items(found: dict[str, list[MethodRow]]):
    for exact, full in zip(found["exact"], found["full"], strict=True):
        assert exact.run.g1 == full.run.g1
        assert exact.run.checkpoint_artifact == full.run.checkpoint_artifact
        assert exact.null is not None
        assert not exact.null.bounds
