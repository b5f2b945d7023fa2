"""Methods other than TALAN, one run each."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field

from api.views.base import PointsPp, Verdict, View, example
from api.views.cells import CELL, BoundedCell, Cell, cells_of
from search.methods.rows import MethodRow

METHOD = {
    "method": "repe",
    "parameters": {"layers": ["40%", "60%"], "strengths": [0.0, 0.5, 1.0]},
    "backbone": "tiny-qwen3",
    "adapter": "lora-r8",
    "seed": 42,
    "cells": {"tiny_choice": CELL},
    "mean_delta": 2.0,
    "g1": True,
    "verdict": "strict",
    "cost": {
        "training_s": 9.6,
        "preparation_s": 3.1,
        "parameters": 98304,
        "seconds_per_1k_tokens": 0.21,
    },
    "null": {
        "name": "a random direction of the same strength",
        "mean_delta": 0.1,
        "cells": {"tiny_choice": CELL},
    },
    "chosen": {"by": "least loss on held-out training examples", "tries": 3, "value": 0.5},
    "unmatched": ["The strength is chosen on held-out training loss, never on a benchmark."],
}


class MethodCost(View):
    """What a run of a method took; null where it is not known yet."""

    training_s: float | None = Field(description="of the training whose model was evaluated")
    preparation_s: float | None = Field(
        description="all other seconds before evaluation: extraction, selection, tries"
    )
    parameters: int | None = Field(description="that the method adds to the backbone")
    seconds_per_1k_tokens: float | None = Field(
        description="of evaluation, for a thousand answer tokens"
    )


class MethodNull(View):
    """The method without its mechanism, at the same seed."""

    name: str
    mean_delta: PointsPp | None
    cells: dict[str, Cell | BoundedCell]


class Chosen(View):
    """A setting that no study file fixed."""

    by: str
    tries: int = Field(description="values that were tried")
    value: Any


class Method(View):
    """A run of a method with its null."""

    model_config = example(METHOD)

    method: str
    parameters: dict[str, Any] = Field(description="its settings, as planned")
    backbone: str
    adapter: str
    seed: int = Field(description="seed of the run")
    cells: dict[str, Cell | BoundedCell] = Field(description="by benchmark; empty until done")
    mean_delta: PointsPp | None
    g1: bool | None
    verdict: Verdict | None
    cost: MethodCost
    null: MethodNull | None = Field(description="null until it is done")
    chosen: Chosen | None
    unmatched: list[str] = Field(description="what could not be matched, in sentences")

    @classmethod
    def from_row(cls, row: MethodRow) -> Self:
        """Of a run with its null."""
        run, null = row.run, row.null
        done = null is not None and null.state == "completed"
        return cls(
            method=row.method,
            parameters=row.parameters,
            backbone=run.backbone,
            adapter=run.adapter,
            seed=run.seed,
            cells=cells_of(run),
            mean_delta=run.mean_delta,
            g1=run.g1,
            verdict=run.verdict,  # type: ignore[arg-type]
            cost=MethodCost(**vars(row.cost)),
            null=MethodNull(name=row.null_name, mean_delta=null.mean_delta, cells=cells_of(null))
            if null is not None and done
            else None,
            chosen=None if row.chosen is None else Chosen(**row.chosen),
            unmatched=list(row.unmatched),
        )
