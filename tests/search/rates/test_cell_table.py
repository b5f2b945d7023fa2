"""A study as a table: one row per cell, with types that keep nulls and whole numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from search.rates.cell_table import COLUMNS, cell_frame
from storage import Cell, Run

CONFIGURATION = {
    "layer": 1,
    "slots": 2,
    "mixer": "cross_attn",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
    "trainability": {"scope": "frozen", "train_until": None, "warmup_identity": 35},
    "gradient_scale": None,
}


def run(**changes: Any) -> Run:
    values: dict[str, Any] = {
        **dict.fromkeys(Run.__dataclass_fields__),
        "id": "0" * 16,
        "study": "s",
        "host": 0,
        "backbone": "tiny-qwen3",
        "adapter": "lora-r8",
        "kind": "treatment",
        "seed": 42,
        "position": 1,
        "configuration": CONFIGURATION,
        "configuration_id": "c",
        "state": "completed",
        "attempt": 1,
        "failures": 0,
        "compute_s": 1.5,
        "cells": {},
        "bounds": {},
    }
    return Run(**{**values, **changes})


def cell(benchmark: str, correct: int, *, baseline: int | None) -> Cell:
    return Cell(
        benchmark=benchmark,
        n_items=8,
        n_correct=correct,
        score=100 * correct / 8,
        baseline_n_correct=baseline,
        baseline_score=None if baseline is None else 100 * baseline / 8,
        delta=None if baseline is None else 100 * (correct - baseline) / 8,
        helped=None if baseline is None else max(correct - baseline, 0),
        hurt=None if baseline is None else max(baseline - correct, 0),
        changed=None if baseline is None else 6,
        seconds=0.5,
        responses_artifact="r",
    )


def test_a_row_a_cell() -> None:
    cells = {"a": cell("a", 5, baseline=4), "b": cell("b", 3, baseline=3)}
    scored = run(cells=cells, g1=True, verdict="strict")
    frame = cell_frame([scored])
    assert list(frame.columns) == [name for name, _ in COLUMNS]
    assert frame["benchmark"].tolist() == ["a", "b"]
    assert frame["delta"].tolist() == [12.5, 0.0]
    assert frame["baseline_n_correct"].tolist() == [4, 3]
    assert frame[["helped", "hurt", "changed"]].to_numpy().tolist() == [[1, 0, 6], [0, 0, 6]]
    assert frame["verdict"].tolist() == ["strict", "strict"]
    first = frame.iloc[0]
    assert (first["layer"], first["slots"], first["mixer"]) == (1, 2, "cross_attn")
    assert (first["writeback_rule"], first["writeback_gate"]) == ("gate", "vector")
    assert (first["alpha"], first["scope"], first["warmup_identity"]) == (0.008, "frozen", 35)
    assert pd.isna(first["train_until"])
    assert pd.isna(first["gradient_scale"])
    assert first["g1"] is True or bool(first["g1"]) is True


def test_a_run_without_cells_has_a_row() -> None:
    frame = cell_frame([run(state="failed", error="it broke, badly")])
    assert len(frame) == 1
    assert frame["error"].tolist() == ["it broke, badly"]
    assert frame["benchmark"].isna().all()


def test_a_baseline_has_neither_axes_nor_delta() -> None:
    baseline = run(kind="baseline", configuration=None, cells={"a": cell("a", 4, baseline=None)})
    row = cell_frame([baseline]).iloc[0]
    for column in ("layer", "mixer", "alpha", "scope", "baseline_score", "delta", "g1"):
        assert pd.isna(row[column]), column
    assert (row["n_correct"], row["score"]) == (4, 50.0)


def test_types_do_not_depend_on_what_is_there() -> None:
    full = cell_frame([run(cells={"a": cell("a", 5, baseline=4)}, g1=False, mean_delta=12.5)])
    for frame in (cell_frame([]), cell_frame([run(configuration=None)]), full):
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == dict(COLUMNS)
    assert cell_frame([]).empty
