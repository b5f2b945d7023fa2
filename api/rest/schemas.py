"""What goes over the wire, as models: the OpenAPI document is made of these.

Owns: field names, types and examples of every answer, and the query of the runs' listing. Does not
cover: how values come about; ``api.shapes`` builds the answers, and a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from storage.records import RunFilter

StudyState = Literal["queued", "running", "stopped", "completed", "failed"]
RunState = Literal["pending", "running", "completed", "failed"]
Sort = Literal[
    "position",
    "mean_delta",
    "worst_delta",
    "g1",
    "layer",
    "slots",
    "mixer",
    "gradient_scale",
    "writeback_rule",
    "writeback_gate",
    "alpha",
    "scope",
    "train_until",
    "warmup_identity",
]
Axis = Literal[
    "layer",
    "slots",
    "mixer",
    "writeback",
    "trainability",
    "gradient_scale",
    "writeback_rule",
    "writeback_gate",
    "alpha",
    "scope",
    "train_until",
    "warmup_identity",
]
Percent = Annotated[float, Field(description="percent")]
Interval = Annotated[
    list[float], Field(min_length=2, max_length=2, description="exact, 95%, as fractions")
]
PointsPp = Annotated[float, Field(description="percentage points")]
Text = Annotated[str, Field(max_length=300)]
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Real = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Null = Literal["null"]

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
RUN = {
    "id": "0a1b2c3d4e5f6071",
    "backbone": "tiny-qwen3",
    "adapter": "lora-r8",
    "seed": 42,
    "kind": "treatment",
    "configuration": CONFIGURATION,
    "state": "completed",
    "cells": {"tiny_choice": CELL},
    "mean_delta": 2.0,
    "g1": True,
}
COUNTS = {"total": 24, "completed": 20, "running": 2, "failed": 0, "pending": 2}
STATUS = {
    "name": "tiny-lora-grid",
    "state": "running",
    "runs": COUNTS,
    "baselines": {"total": 1, "completed": 1, "running": 0, "failed": 0, "pending": 0},
    "g1": {"count": 3, "rate": 0.15},
}
STUDY_FILE = {
    "name": "tiny-lora-grid",
    "backbones": ["tiny-qwen3"],
    "adapters": [
        {
            "type": "lora",
            "r": 8,
            "alpha": 16,
            "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
        }
    ],
    "seeds": [42],
    "benchmarks": "tiny",
    "axes": {
        "layer": [0, 1, 2],
        "slots": [2, 4],
        "mixer": ["multihead_local", "cross_attn"],
        "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.008}],
        "trainability": [{"scope": "all"}, {"scope": "frozen"}],
        "gradient_scale": [1, 500],
    },
    "design": {"sampler": "grid", "max_runs": 24, "seed": 0},
    "resources": {"workers": 2, "cpus_per_run": 1, "gpus_per_run": 0},
}


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _example(value: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [value]})


class Counts(_Answer):
    """How many runs are in which state."""

    model_config = _example(COUNTS)

    total: int
    completed: int
    running: int
    failed: int
    pending: int


class G1Share(_Answer):
    """G1 runs so far, and their share of the completed treatments."""

    count: int
    rate: float | None


class StudyStatus(_Answer):
    """Where a study stands; ``runs`` are its treatments."""

    model_config = _example(STATUS)

    name: str
    state: StudyState
    runs: Counts
    baselines: Counts
    g1: G1Share


class Writeback(_Answer):
    """How the block's output is written back."""

    rule: str
    gate: str | None
    alpha: float


class Trainability(_Answer):
    """What of the block is trained, and when."""

    scope: str
    train_until: int | None
    warmup_identity: int


class Configuration(_Answer):
    """One point of the six-axis space, in canonical form."""

    model_config = _example(CONFIGURATION)

    layer: int
    slots: int
    mixer: str
    writeback: Writeback
    trainability: Trainability
    gradient_scale: float | None


class Cell(_Answer):
    """A run on one benchmark beside its matched baseline."""

    model_config = _example(CELL)

    score: Percent
    baseline_score: Percent | None
    delta: PointsPp | None
    n_items: int
    n_correct: int


class Run(_Answer):
    """One run; baselines have no configuration and no delta."""

    model_config = _example(RUN)

    id: str
    backbone: str
    adapter: str
    seed: int
    kind: str
    configuration: Configuration | None
    state: RunState
    cells: dict[str, Cell]
    mean_delta: PointsPp | None
    g1: bool | None


class RunDetails(Run):
    """One run with what only its own page shows."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={})

    study: str
    error: str | None
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

    model_config = _example({"study": "tiny-lora-grid", **RUN})

    study: str


class KindRate(_Answer):
    """The G1 rate of one kind of null runs."""

    runs: int
    g1: int
    rate: float | None
    interval: Interval | None = None


class NullRate(KindRate):
    """The rate of runs with the disturbance but not the mechanism; both kinds, and each alone."""

    seed: KindRate | None = None
    sham: KindRate | None = None


class RateTest(_Answer):
    """Exact tests of a rate against its null rate; Fisher's is against both kinds together."""

    alternative: str
    runs: int = Field(description="the treatments tested: those at the study's first seed")
    fisher_p: float
    adjusted_p: float | None = Field(description="Holm's, over an axis's values")
    num_tests: int
    boschloo_p: float | None
    seed_fisher_p: float | None
    sham_fisher_p: float | None


class ExpectedRate(_Answer):
    """What chance alone would give, computed from how often runs and baseline differ."""

    kind: str
    rate: float
    runs: int
    cells: dict[str, float] = Field(description="P(delta >= 0) by benchmark")


class G1Rate(_Answer):
    """A G1 rate with its exact 95% interval."""

    model_config = _example(
        {
            "study": "tiny-lora-grid",
            "backbone": "tiny-qwen3",
            "adapter": "lora-r8",
            "design": "grid",
            "runs": 24,
            "g1": 4,
            "rate": 0.16666666666666666,
            "interval": [0.0474, 0.3738],
            "null": {
                "runs": 40,
                "g1": 3,
                "rate": 0.075,
                "interval": [0.0157, 0.2039],
                "seed": {"runs": 20, "g1": 2, "rate": 0.1, "interval": [0.0123, 0.317]},
                "sham": {"runs": 20, "g1": 1, "rate": 0.05, "interval": [0.0013, 0.2487]},
            },
            "axis": None,
            "value": None,
            "test": {
                "alternative": "two-sided",
                "runs": 24,
                "fisher_p": 0.4099,
                "adjusted_p": None,
                "num_tests": 1,
                "boschloo_p": 0.3237,
                "seed_fisher_p": 0.6731,
                "sham_fisher_p": 0.3562,
            },
            "expected": None,
        }
    )

    study: str
    backbone: str
    adapter: str
    design: str
    runs: int
    g1: int
    rate: float | None
    interval: Interval
    null: NullRate | None
    axis: str | None
    value: Any = Field(description="the axis's value; writeback and trainability are mappings")
    test: RateTest | None = None
    expected: ExpectedRate | None = Field(
        default=None, description="only where the host has no null runs"
    )


class Baseline(_Answer):
    """The matched baseline on the same item."""

    response: str
    extracted: str | None
    correct: bool


class Item(_Answer):
    """One item of a benchmark: what the run answered, and the baseline's answer beside it."""

    item_id: str
    prompt_sha256: str
    response: str
    extracted: str | None
    correct: bool
    baseline: Baseline | None


class Health(_Answer):
    """The service answers."""

    model_config = _example({"status": "ready"})

    status: Literal["live", "ready"]


class ProblemPlace(_Answer):
    """A place at fault."""

    where: str
    value: Any
    message: str


class ProblemDetails(_Answer):
    """An error (RFC 9457); ``detail`` names the offending value and what is allowed."""

    model_config = _example(
        {
            "type": "urn:talan:problem:invalid-query",
            "title": "Invalid query",
            "status": 422,
            "detail": "there is no axis 'depth'; use one of alpha, gradient_scale, layer",
            "instance": "/api/v1/g1-rates",
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemPlace] | None = None


class RunQuery(BaseModel):
    """Which runs, in what order, and where to go on. ``null`` asks for runs without a value."""

    model_config = ConfigDict(extra="forbid")

    state: RunState | None = None
    g1: bool | None = None
    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,20}$")] | None = Field(
        default=None, description="treatment, baseline, or a kind of null run"
    )
    backbone: Text | None = None
    adapter: Text | None = Field(default=None, description="its label, such as lora-r8")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    configuration_id: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    layer: Whole | None = None
    slots: Whole | None = None
    mixer: Text | None = None
    writeback_rule: Text | None = None
    writeback_gate: Text | None = None
    alpha: Real | None = None
    scope: Text | None = None
    train_until: Whole | Null | None = None
    warmup_identity: Whole | None = None
    gradient_scale: Real | Null | None = None
    sort: Sort = Field(
        default="position",
        description="position: the plan's order; mean_delta, worst_delta and g1: largest first; "
        "an axis: smallest first",
    )
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, description="a page's X-Next-Cursor, with the same sort and filters"
    )

    @property
    def where(self) -> RunFilter:
        """The filter."""
        asked = self.model_dump(exclude_unset=True, exclude={"sort", "limit", "cursor"})
        asked = {key: value for key, value in asked.items() if value is not None}
        plain = {key: asked.pop(key) for key in list(asked) if key in _PLAIN}
        axes = {key: None if value == "null" else value for key, value in asked.items()}
        return RunFilter(**plain, axes=axes)


class ItemQuery(BaseModel):
    """Which items of a run."""

    model_config = ConfigDict(extra="forbid")

    benchmark: Text = Field(description="one of the run's cells")
    limit: int = Field(default=1000, ge=1, le=5000)
    cursor: str = Field(default="0", pattern=r"^[0-9]{1,9}$", description="a page's X-Next-Cursor")


_PLAIN = ("state", "g1", "kind", "backbone", "adapter", "seed", "configuration_id")
