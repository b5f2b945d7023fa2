"""The keys of a study file, their defaults, and the hash of what decides a study's results.

Owns: which keys there are, and the type and default of each. Does not cover: which of them may
stand together (``search.study.combinations``), reading a file (``search.study.file``), nor the
points of the space (``search.study.space``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from search.study.draw import FIRST_DRAW
from search.study.null_counts import NullRuns
from search.study.values import (
    ADAPTER_DEFAULTS,
    TALAN_DEFAULTS,
    TRAINABILITY_DEFAULTS,
    WRITEBACK_DEFAULTS,
    Benchmarks,
    GradientScale,
    Int,
    Layer,
    Number,
    Seed,
    filled,
)
from talan.vocabulary import BLOCK_DRAW

TUNE = "tune"  # Ray Tune chose: only `search.driving.tune` puts such a study on record
Sampler = Literal["grid", "random", "qmc", "tpe", "nsga2", "tune"]
SAMPLERS: tuple[str, ...] = get_args(Sampler)[:-1]
ADAPTIVE_SAMPLERS = ("tpe", "nsga2", TUNE)
Verdicts = Literal["full", "exact"]

_LATER_NULLS = {"jitter": 0, "at": "first_seed"}  # keys that came later, at what they mean
_SLUG = r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Axes(_Entry):
    """The six axes, each a list of values; an axis left out keeps its one default value.

    ``layer`` takes block numbers, ``embedding`` (block 0's input) or a depth such as ``25%``.
    """

    layer: list[Layer] = Field(default=[0], min_length=1)
    slots: list[Int] = Field(default=[2], min_length=1)
    mixer: list[str] = Field(default=["multihead_local"], min_length=1)
    writeback: list[Annotated[dict[str, Any], filled(WRITEBACK_DEFAULTS)]] = Field(
        default=[{"rule": "gate", "gate": "vector", "alpha": 0.008}], min_length=1
    )
    trainability: list[Annotated[dict[str, Any], filled(TRAINABILITY_DEFAULTS)]] = Field(
        default=[{"scope": "all", **TRAINABILITY_DEFAULTS}], min_length=1
    )
    gradient_scale: list[GradientScale] = Field(default=[1.0], min_length=1)


class Listed(_Entry):
    """One configuration of a study that lists them; an axis left out has its default value."""

    layer: Layer = 0
    slots: Int = 2
    mixer: str = "multihead_local"
    writeback: Annotated[dict[str, Any], filled(WRITEBACK_DEFAULTS)] = Field(
        default={"rule": "gate", "gate": "vector", "alpha": 0.008}
    )
    trainability: Annotated[dict[str, Any], filled(TRAINABILITY_DEFAULTS)] = Field(
        default={"scope": "all", **TRAINABILITY_DEFAULTS}
    )
    gradient_scale: GradientScale | None = None

    def point(self) -> dict[str, Any]:
        """The six axes; no gradient scale is a scale of 1, which counts only where it acts."""
        scale = 1.0 if self.gradient_scale is None else self.gradient_scale
        return {**self.model_dump(mode="json"), "gradient_scale": scale}


class Design(_Entry):
    """How points are chosen from the space.

    ``max_runs`` bounds the treatment runs of each host (configurations x seeds); baselines come on
    top. ``grid`` may leave it out and then takes every point.
    """

    sampler: Sampler = "grid"
    max_runs: Annotated[Int | None, Field(ge=1)] = None
    seed: Seed = 0


class Resources(_Entry):
    """What the study takes: concurrent runs, and the CPUs and GPUs (or fractions) of each.

    Where several processes train a run, each of them has that many CPUs and GPUs.
    """

    workers: Annotated[Int, Field(ge=1)] = 2
    cpus_per_run: Annotated[Number, Field(gt=0, allow_inf_nan=False)] = 1
    gpus_per_run: Annotated[Number, Field(ge=0, allow_inf_nan=False)] = 0
    processes_per_run: Annotated[Int, Field(ge=1)] = 1

    @property
    def cpus_held(self) -> float:
        """CPUs that a run holds, all its processes together."""
        return float(self.cpus_per_run) * self.processes_per_run

    @property
    def gpus_held(self) -> float:
        """GPUs that a run holds, all its processes together."""
        return float(self.gpus_per_run) * self.processes_per_run


class StudyFile(_Entry):
    """One audit: hosts x axes x seeds x benchmarks, with one recipe."""

    name: Annotated[str, Field(pattern=_SLUG, max_length=80)]
    backbones: list[str] = Field(default=["tiny-qwen3"], min_length=1)
    adapters: list[Annotated[dict[str, Any], filled(ADAPTER_DEFAULTS)]] = Field(
        default=[
            {
                "type": "lora",
                "r": 8,
                "alpha": 16,
                "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
                **ADAPTER_DEFAULTS,
            }
        ],
        min_length=1,
    )
    seeds: list[Seed] = Field(default=[42], min_length=1)
    benchmarks: Benchmarks = "tiny"
    axes: Axes | None = None
    configurations: Annotated[list[Listed] | None, Field(min_length=1)] = None
    design: Design = Design()
    methods: list[dict[str, Any]] = Field(default_factory=list, max_length=100)
    null_runs: NullRuns = NullRuns()
    verdicts: Verdicts = "full"
    training: dict[str, Any] = Field(default_factory=dict)
    training_data: Annotated[str | None, Field(min_length=1)] = None
    talan: Annotated[dict[str, Any], filled(TALAN_DEFAULTS)] = Field(
        default_factory=TALAN_DEFAULTS.copy
    )
    resources: Resources = Resources()
    draw: Annotated[Int, Field(ge=1)] = BLOCK_DRAW

    @model_validator(mode="before")
    @classmethod
    def _default_axes(cls, content: object) -> object:
        """Without axes each has its one default value; methods may stand alone."""
        alone = isinstance(content, Mapping) and content.get("methods")
        if isinstance(content, Mapping) and "axes" not in content and not alone:
            return {**content, "axes": {}}
        return content

    @property
    def spans(self) -> Axes:
        """The axes; where methods stand alone, each at its default value, and nothing is run."""
        return self.axes or Axes()

    @property
    def has_treatments(self) -> bool:
        """Whether any configuration of TALAN is asked for."""
        return self.axes is not None or self.configurations is not None

    @property
    def spec(self) -> dict[str, Any]:
        """The file as JSON with every default filled in."""
        return self.model_dump(mode="json")

    @property
    def spec_hash(self) -> str:
        """sha256 of what decides the results: all but how many runs go at once.

        A number is itself however it is written: 1 and 1.0 are the same study. Full verdicts, the
        suite's training data, one component a block and one process a run are what a file asked for
        before there was a choice, and leave its hash as it was, and so does the first draw. Several
        processes add up in another order, so their number counts.
        """
        spec = self.spec
        del spec["resources"]["workers"]
        if self.resources.processes_per_run == 1:
            del spec["resources"]["processes_per_run"]
        if self.verdicts == "full":
            del spec["verdicts"]
        if self.training_data is None:
            del spec["training_data"]
        if not self.methods:
            del spec["methods"]
        if spec["talan"]["components"] == 1:
            del spec["talan"]["components"]
        if self.draw == FIRST_DRAW:
            del spec["draw"]
        for key, default in _LATER_NULLS.items():
            if spec["null_runs"][key] == default:
                del spec["null_runs"][key]
        text = json.dumps(_plain(spec), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """Nested values with whole floats as integers."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
