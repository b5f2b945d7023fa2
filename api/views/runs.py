"""Runs with their cells, and their items.

Owns: a run's fields as ``api.views.shapes`` builds them; a test holds the two together.
"""

from __future__ import annotations

from pydantic import ConfigDict, Field

from api.views.base import Answer, Bounds, Percent, PointsPp, RunState, example

CONFIGURATION = {
    "layer": 1,
    "slots": 4,
    "mixer": "cross_attn",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
    "trainability": {"scope": "all", "train_until": 20, "warmup_identity": 0},
    "gradient_scale": 500.0,
}
CELL = {
    "score": 54.0,
    "baseline_score": 52.0,
    "delta": 2.0,
    "n_items": 100,
    "n_correct": 54,
}
BOUNDED_CELL = {
    "score": None,
    "delta": None,
    "baseline_score": 52.0,
    "n_items": 100,
    "n_evaluated": 64,
    "bounds": {"n_correct": [15, 51], "delta": [-37.0, -1.0]},
}
RUN = {
    "id": "0a1b2c3d4e5f6071",
    "backbone": "tiny-qwen3",
    "adapter": "lora-r8",
    "seed": 42,
    "baseline_seed": 42,
    "kind": "treatment",
    "configuration": CONFIGURATION,
    "state": "completed",
    "cells": {"tiny_choice": CELL},
    "mean_delta": 2.0,
    "g1": True,
}


class Writeback(Answer):
    """How the block's output is written back."""

    rule: str
    gate: str | None
    alpha: float


class Trainability(Answer):
    """What of the block is trained, and when."""

    scope: str
    train_until: int | None
    warmup_identity: int


class Configuration(Answer):
    """One point of the six-axis space, in canonical form."""

    model_config = example(CONFIGURATION)

    layer: int
    slots: int
    mixer: str
    writeback: Writeback
    trainability: Trainability
    gradient_scale: float | None


class Cell(Answer):
    """A run on one benchmark beside its matched baseline."""

    model_config = example(CELL)

    score: Percent
    baseline_score: Percent | None
    delta: PointsPp | None
    n_items: int
    n_correct: int


class CellBounds(Answer):
    """What a cell's count and delta are at least and at most."""

    n_correct: tuple[int, int]
    delta: Bounds


class BoundedCell(Answer):
    """A cell that was not evaluated in full, in a study with exact verdicts: it has no score."""

    model_config = example(BOUNDED_CELL)

    score: None
    delta: None
    baseline_score: Percent
    n_items: int
    n_evaluated: int
    bounds: CellBounds


class Run(Answer):
    """One run; baselines have no configuration and no delta.

    One that ended early, since it could not be G1 any more, has bounded cells and no mean delta.
    """

    model_config = example(RUN)

    id: str
    backbone: str
    adapter: str
    seed: int
    baseline_seed: int = Field(description="its matched baseline's seed: its own, but for nulls")
    kind: str
    configuration: Configuration | None
    state: RunState
    cells: dict[str, Cell | BoundedCell]
    mean_delta: PointsPp | None
    g1: bool | None


class RunDetails(Run):
    """One run with what only its own page shows."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={})

    study: str
    error: str | None
    error_detail: str | None = Field(description="a failed run's traceback, where there is one")
    attempt: int
    worker: str | None
    compute_s: float | None
    started_at: str | None
    finished_at: str | None
    checkpoint: str | None = Field(description="the artifact's name")
    responses: dict[str, str] = Field(description="artifacts' names by benchmark")
    provenance: str | None
    losses: list[float] = Field(description="training loss by step")


class Champion(Run):
    """A host's G1 run with the largest mean delta."""

    model_config = example({"study": "tiny-lora-grid", **RUN})

    study: str


class Baseline(Answer):
    """The matched baseline on the same item."""

    response: str
    extracted: str | None
    correct: bool


class Item(Answer):
    """One item of a benchmark: what the run answered, and the baseline's answer beside it."""

    item_id: str
    prompt_sha256: str
    prompt: str | None = Field(description="with prompts=true, where the record has it")
    expected: str | None = Field(description="the reference answer, where the record has it")
    response: str
    extracted: str | None
    correct: bool
    baseline: Baseline | None
