"""Runs: in a table, by themselves, as champions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from pydantic import ConfigDict, Field

from api.views.base import (
    Fraction,
    PointsPp,
    RunState,
    Verdict,
    View,
    example,
    is_none,
)
from api.views.cells import CELL, BoundedCell, Cell, CellTests, cells_of
from search import rates
from storage import records

if TYPE_CHECKING:
    from search.rates.champion_worth import ChampionWorth

CONFIGURATION = {
    "layer": 1,
    "slots": 4,
    "mixer": "cross_attn",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
    "trainability": {"scope": "all", "train_until": 20, "warmup_identity": 0},
    "gradient_scale": 500.0,
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
    "verdict": "strict",
}


class Writeback(View):
    """How the block's output is written back."""

    rule: str
    gate: str | None
    alpha: float = Field(description="the step, or what the gate starts at")


class Trainability(View):
    """What of the block is trained, and when."""

    scope: str
    train_until: int | None = Field(description="steps; null: to the end")
    warmup_identity: int = Field(description="steps at the beginning without the block")


class Configuration(View):
    """One point of the six-axis space, in canonical form."""

    model_config = example(CONFIGURATION)

    layer: int = Field(description="the block that it comes before; 0: the embedding")
    slots: int = Field(description="latent slots")
    mixer: str
    writeback: Writeback
    trainability: Trainability
    gradient_scale: float | None = Field(description="null where nothing it scales is trained")


class Run(View):
    """One run; baselines have no configuration and no delta.

    One that ended early, since it could not be G1 any more, has bounded cells and no mean delta.
    """

    model_config = example(RUN)

    id: str = Field(description="16 hex digits")
    backbone: str
    adapter: str = Field(description="its label, such as lora-r8")
    seed: int = Field(description="the run's seed")
    baseline_seed: int = Field(description="its matched baseline's seed: its own, but for nulls")
    kind: str = Field(description="treatment, baseline, method, or a kind of null run")
    configuration: Configuration | None
    method: dict[str, Any] | None = Field(
        default=None,
        exclude_if=is_none,
        description="of a run of another method than TALAN: its name and settings",
    )
    state: RunState
    cells: dict[str, Cell | BoundedCell] = Field(description="by benchmark")
    mean_delta: PointsPp | None
    g1: bool | None = Field(description="no delta is negative; null while it is not known")
    verdict: Verdict | None = Field(
        default=None,
        description="strict: G1 with a positive delta; tied: every delta is 0; inert: no response "
        "differs; null while it is not known, for baselines, and for a G1 run of an older record "
        "that is tied or inert and nobody compared",
    )

    @classmethod
    def from_record(cls, run: records.Run) -> Self:
        """Of a run as recorded."""
        return cls(**_fields(run))


class RunDetails(Run):
    """One run with what only its own page shows."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={})

    study: str
    error: str | None = Field(description="a failed run's, in a line")
    error_detail: str | None = Field(description="a failed run's traceback, where there is one")
    attempt: int = Field(description="how often it was started")
    worker: str | None
    compute_s: float | None = Field(description="seconds of training and evaluating")
    started_at: str | None = Field(description="UTC, ISO 8601")
    finished_at: str | None = Field(description="UTC, ISO 8601")
    checkpoint: str | None = Field(description="the artifact's name")
    responses: dict[str, str] = Field(description="artifacts' names by benchmark")
    provenance: str | None = Field(description="hash of what the run rests on")
    kl_to_baseline: float | None = Field(
        description="distance from the baseline on held-out training examples, in nats a token"
    )
    null_scale: float | None = Field(
        description="of a matched null run: what it was scaled by to be as far as the treatments"
    )
    rests_on: dict[str, str] = Field(
        description="what must be the matched baseline's as well, by name; a run that differs "
        "fails and gets no delta"
    )
    losses: list[float] = Field(description="training loss by step")
    tests: dict[str, CellTests] = Field(
        description="by benchmark, where the run was compared with its baseline"
    )
    mean_interval: tuple[float, float] | None = Field(
        description="95% of the mean delta from resampled items, percentage points"
    )
    n_truncated: dict[str, int | None] | None = Field(
        default=None,
        exclude_if=is_none,
        description="responses that ended at the limit of new tokens, by benchmark; null where the "
        "responses are gone; only the command line counts them",
    )
    n_unread_boxes: dict[str, int] | None = Field(
        default=None,
        exclude_if=is_none,
        description="responses whose boxed number is another than the one that the scorer read, by "
        "benchmark; only the command line counts them",
    )

    @classmethod
    def from_record(
        cls,
        run: records.Run,
        *,
        losses: Sequence[float] = (),
        rests_on: Mapping[str, str] | None = None,
        error_detail: str | None = None,
        n_truncated: Mapping[str, int | None] | None = None,
        n_unread_boxes: Mapping[str, int] | None = None,
    ) -> Self:
        """Of a run with what is kept with it."""
        artifacts: dict[str, str | None] = {}
        tests = rates.tests_of(run)
        artifacts |= {name: cell.responses_artifact for name, cell in run.cells.items()}
        artifacts |= {name: cell.responses_artifact for name, cell in run.bounds.items()}
        return cls(
            **_fields(run),
            study=run.study,
            error=run.error,
            error_detail=error_detail,
            attempt=run.attempt,
            worker=run.worker,
            compute_s=run.compute_s,
            started_at=_iso(run.started_at),
            finished_at=_iso(run.finished_at),
            checkpoint=run.checkpoint_artifact,
            responses={name: artifact for name, artifact in artifacts.items() if artifact},
            provenance=run.provenance_hash,
            kl_to_baseline=run.kl_to_baseline,
            null_scale=run.null_scale,
            rests_on=dict(rests_on or {}),
            losses=list(losses),
            tests={name: CellTests(**vars(found)) for name, found in tests.cells.items()},
            mean_interval=tests.mean_interval,
            n_truncated=None if n_truncated is None else dict(n_truncated),
            n_unread_boxes=None if n_unread_boxes is None else dict(n_unread_boxes),
        )


class Worth(View):
    """What a champion's configuration is worth without its luck, percentage points."""

    observed: float = Field(description="its mean delta over the seeds of the study")
    shrunken: float = Field(description="the same with the luck of being the best taken out")
    interval: tuple[float, float] = Field(description="95% of the shrunken mean")
    g1_at_fresh_seed: Fraction | None = Field(
        description="probability that a run at a fresh seed is G1; null with one seed"
    )


_UNASKED = "it is computed for one study at a time: name the study"


class Champion(Run):
    """A host's strict G1 run with the largest mean delta."""

    model_config = example(
        {
            "study": "tiny-lora-grid",
            "worth": {
                "observed": 1.12,
                "shrunken": 0.41,
                "interval": [-0.35, 1.17],
                "g1_at_fresh_seed": 0.14,
            },
            "worth_reason": None,
            **RUN,
        }
    )

    study: str
    worth: Worth | None
    worth_reason: str | None = Field(description="what of its worth is not known, and why")

    @classmethod
    def from_record(cls, run: records.Run, *, worth: ChampionWorth | None = None) -> Self:
        """Of a run as recorded, with its host's model."""
        mean = None if worth is None else worth.mean
        return cls(
            study=run.study,
            worth=None if mean is None else Worth(**vars(mean)),
            worth_reason=_UNASKED if worth is None else worth.reason,
            **_fields(run),
        )


def _fields(run: records.Run) -> dict[str, Any]:
    """A run's own fields."""
    return {
        "id": run.id,
        "backbone": run.backbone,
        "adapter": run.adapter,
        "seed": run.seed,
        "baseline_seed": run.baseline_seed,
        "kind": run.kind,
        "configuration": run.configuration,
        "method": None if run.method is None else dict(run.method),
        "state": run.state,
        "cells": cells_of(run),
        "mean_delta": run.mean_delta,
        "g1": run.g1,
        "verdict": run.verdict,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
