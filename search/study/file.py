"""A study file: what a person writes to ask for an audit, checked key by key.

Owns: the keys of a study file, their defaults, and the sentence a wrong one is answered with.
Does not cover: whether backbones, benchmarks and layers exist (``search.study.plan`` asks the parts
that know), nor the points of the space (``search.study.space``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from search.errors import StudyFileError, one_of
from search.study.draw import FIRST_DRAW
from search.study.null_counts import NullRuns, Shams
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
from workers.data.yaml_text import load_yaml

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


def read_study_file(path: Path) -> StudyFile:
    """Read and check a YAML (or JSON) study file.

    Raises:
        StudyFileError: The file is missing, is no YAML, or asks for something unknown.
    """
    return parse_study(_read(path))


def read_mapping(path: Path) -> Mapping[str, object]:
    """Read a YAML (or JSON) file that holds a mapping of keys, not checked further.

    Raises:
        StudyFileError: The file is missing, is no YAML, or holds something else.
    """
    content = _read(path)
    if not isinstance(content, Mapping):
        msg = f"{str(path)!r} holds {content!r}; allowed: a mapping of keys"
        raise StudyFileError(msg)
    return content


def _read(path: Path) -> object:
    try:
        return load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        msg = f"cannot read the study file {str(path)!r}: {reason}"
        raise StudyFileError(msg) from error
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        msg = f"{str(path)!r} is not valid YAML: {where}"
        raise StudyFileError(msg) from error


def parse_study(content: object) -> StudyFile:
    """Check a study given as nested dicts and lists (a YAML file's or a request's content).

    Raises:
        StudyFileError: A key or a value is not allowed; the message names it and what is.
    """
    if not isinstance(content, Mapping):
        msg = f"a study is a mapping of keys such as name and axes, not {content!r}"
        raise StudyFileError(msg)
    try:
        study = StudyFile.model_validate(content)
    except ValidationError as error:
        raise StudyFileError(_sentence(error)) from error
    _check_repeats(study)
    if study.design.max_runs is None and study.design.sampler not in ("grid", TUNE):
        msg = f"design.max_runs: missing; the {study.design.sampler} sampler needs a whole number"
        raise StudyFileError(msg)
    _check_listed(study)
    _check_methods(study)
    _check_verdicts(study)
    _check_processes(study)
    _check_matched(study)
    return study


def recorded_file(spec: Mapping[str, object]) -> StudyFile:
    """The file of a study on record; one that names no draw began with the first."""
    return parse_study({"draw": FIRST_DRAW, **spec})


def _check_listed(study: StudyFile) -> None:
    """A list of configurations stands in place of axes and of a choice among them."""
    if study.configurations is None:
        return
    if study.axes not in (None, Axes()):
        msg = "axes: not allowed beside configurations; allowed: one of the two"
        raise StudyFileError(msg)
    if study.design.sampler != "grid" or study.design.max_runs is not None:
        msg = (
            f"design: {study.design.model_dump(mode='json')} is not allowed beside "
            "configurations, which are run one and all; allowed: grid without max_runs"
        )
        raise StudyFileError(msg)


def _check_verdicts(study: StudyFile) -> None:
    """NSGA-II breeds from completed trials alone, and exact verdicts leave it hardly any."""
    if study.verdicts == "exact" and study.design.sampler == "nsga2":
        msg = (
            "verdicts: 'exact' is not allowed beside the nsga2 sampler, which learns from runs "
            "evaluated in full alone; allowed: full, or another sampler"
        )
        raise StudyFileError(msg)


def _check_methods(study: StudyFile) -> None:
    """Each names its method, each stands once, and one process carries it out."""
    if study.axes is None and not study.methods:
        msg = "axes: None is not allowed; it should be a mapping of keys"
        raise StudyFileError(msg)
    for number, entry in enumerate(study.methods):
        if not isinstance(entry.get("method"), str):
            msg = f"methods.{number}.method: missing; a method is named, as in {{method: dora}}"
            raise StudyFileError(msg)
        if entry in study.methods[:number]:
            msg = f"methods.{number}: {entry!r} is listed twice; each may stand once"
            raise StudyFileError(msg)
    processes = study.resources.processes_per_run
    if study.methods and processes > 1:
        msg = (
            f"resources.processes_per_run: {processes} is not allowed beside methods, some of "
            "which train several times; allowed: 1"
        )
        raise StudyFileError(msg)
    if study.methods and not study.has_treatments and study.null_runs.num_shams:
        msg = (
            "null_runs.sham: not allowed where methods stand alone, for a sham stands in a "
            "configuration's place; allowed: 0"
        )
        raise StudyFileError(msg)
    if study.methods and not study.has_treatments and study.design.sampler != "grid":
        msg = (
            f"design.sampler: {study.design.sampler!r} is not allowed where methods stand alone, "
            "for there is nothing to choose among; allowed: grid"
        )
        raise StudyFileError(msg)


def _check_processes(study: StudyFile) -> None:
    """Processes of one run talk over NCCL, which takes a GPU once."""
    resources = study.resources
    if resources.processes_per_run > 1 and 0 < resources.gpus_per_run < 1:
        msg = (
            f"resources.gpus_per_run: {resources.gpus_per_run:g} is not allowed beside "
            f"processes_per_run {resources.processes_per_run}, whose processes cannot share a GPU; "
            "allowed: 0 or at least 1"
        )
        raise StudyFileError(msg)


def _check_matched(study: StudyFile) -> None:
    """A matched null run trains several times, which processes that train together cannot do."""
    number = study.resources.processes_per_run
    if study.null_runs.is_matched and number > 1:
        msg = (
            f"resources.processes_per_run: {number} is not allowed beside null runs that are "
            "matched (jitter, or sham with match); allowed: 1"
        )
        raise StudyFileError(msg)


def _check_repeats(study: StudyFile) -> None:
    for key in ("backbones", "seeds", "adapters"):
        values = getattr(study, key)
        repeated = next((value for i, value in enumerate(values) if value in values[:i]), None)
        if repeated is not None:
            msg = f"{key}: {repeated!r} is listed twice; each may stand once"
            raise StudyFileError(msg)


_WORDS = {
    "dict_type": "should be a mapping of keys",
    "model_type": "should be a mapping of keys",
    "list_type": "should be a list",
    "string_type": "should be text",
    "invalid_key": "should be text, as every key",
}


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith("["))
    if first["type"] == "extra_forbidden":
        return f"{where}: unknown key; allowed: {_allowed_keys(first['loc'])}"
    if first["type"] == "missing":
        return f"{where}: missing; a study needs it"
    if first["type"] == "string_pattern_mismatch":
        return (
            f"{where}: {first['input']!r} is not a slug; allowed: lower-case letters and digits, "
            "joined by single '-', '_' or '.'"
        )
    if first["type"] == "too_short":
        return f"{where}: the list is empty; at least one value is needed"
    told = first["msg"].removeprefix("Value error, ")
    reason = _WORDS.get(first["type"]) or re.sub(r"^(Input|String) should", "should", told)
    return f"{where}: {first['input']!r} is not allowed; it {reason}"


def _plain(value: object) -> Any:
    """Nested values with whole floats as integers."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _allowed_keys(loc: tuple[int | str, ...]) -> str:
    models: dict[str, type[BaseModel]] = {
        "axes": Axes,
        "configurations": Listed,
        "design": Design,
        "null_runs": NullRuns,
        "resources": Resources,
    }
    model = models.get(str(loc[0]), StudyFile) if len(loc) > 1 else StudyFile
    if "[mapping]" in loc:
        model = Shams
    return one_of(list(model.model_fields), loc[-1])
