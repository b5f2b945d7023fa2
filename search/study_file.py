"""A study file: what a person writes to ask for an audit, checked key by key.

Owns: the keys of a study file, their defaults, and the sentence a wrong one is answered with.
Does not cover: whether backbones, benchmarks and layers exist (``search.plan`` asks the parts that
know), nor the points of the space (``search.space``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from search.errors import StudyFileError, one_of

Sampler = Literal["grid", "random", "qmc", "tpe", "nsga2"]
SAMPLERS: tuple[str, ...] = get_args(Sampler)
ADAPTIVE_SAMPLERS = ("tpe", "nsga2")

_SLUG = r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$"


def _strict_int(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        msg = "should be a whole number"
        raise ValueError(msg)
    return value


Int = Annotated[int, BeforeValidator(_strict_int)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Axes(_Entry):
    """The six axes, each a list of values; an axis left out keeps its one default value.

    ``layer`` takes block numbers, ``embedding`` (block 0's input) or a depth such as ``25%``.
    """

    layer: list[int | str] = Field(default=[0], min_length=1)
    slots: list[Int] = Field(default=[2], min_length=1)
    mixer: list[str] = Field(default=["multihead_local"], min_length=1)
    writeback: list[dict[str, Any]] = Field(
        default=[{"rule": "gate", "gate": "vector", "alpha": 0.008}], min_length=1
    )
    trainability: list[dict[str, Any]] = Field(default=[{"scope": "all"}], min_length=1)
    gradient_scale: list[float] = Field(default=[1.0], min_length=1)


class Design(_Entry):
    """How points are chosen from the space.

    ``max_runs`` bounds the treatment runs of each host (configurations x seeds); baselines come on
    top. ``grid`` may leave it out and then takes every point.
    """

    sampler: Sampler = "grid"
    max_runs: Annotated[Int | None, Field(ge=1)] = None
    seed: Annotated[Int, Field(ge=0)] = 0


class Resources(_Entry):
    """What the study takes: concurrent runs, and the CPUs and GPUs (or fractions) of each."""

    workers: Annotated[Int, Field(ge=1)] = 2
    cpus_per_run: Annotated[float, Field(gt=0)] = 1
    gpus_per_run: Annotated[float, Field(ge=0)] = 0


class StudyFile(_Entry):
    """One audit: hosts x axes x seeds x benchmarks, with one recipe."""

    name: Annotated[str, Field(pattern=_SLUG, max_length=80)]
    backbones: list[str] = Field(default=["tiny-qwen3"], min_length=1)
    adapters: list[dict[str, Any]] = Field(
        default=[
            {
                "type": "lora",
                "r": 8,
                "alpha": 16,
                "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
            }
        ],
        min_length=1,
    )
    seeds: list[Annotated[Int, Field(ge=0)]] = Field(default=[42], min_length=1)
    benchmarks: str | list[str] = "tiny"
    axes: Axes = Axes()
    design: Design = Design()
    training: dict[str, Any] = Field(default_factory=dict)
    talan: dict[str, Any] = Field(default_factory=dict)
    resources: Resources = Resources()

    @property
    def spec(self) -> dict[str, Any]:
        """The file as JSON with every default filled in."""
        return self.model_dump(mode="json")

    @property
    def spec_hash(self) -> str:
        """sha256 of what decides the results: all but how many runs go at once."""
        spec = self.spec
        del spec["resources"]["workers"]
        text = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def read_study_file(path: Path) -> StudyFile:
    """Read and check a YAML (or JSON) study file.

    Raises:
        StudyFileError: The file is missing, is no YAML, or asks for something unknown.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        msg = f"cannot read the study file {str(path)!r}: {reason}"
        raise StudyFileError(msg) from error
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        msg = f"{str(path)!r} is not valid YAML: {where}"
        raise StudyFileError(msg) from error
    return parse_study(content)


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
    if study.design.max_runs is None and study.design.sampler != "grid":
        msg = f"design.max_runs: missing; the {study.design.sampler} sampler needs a whole number"
        raise StudyFileError(msg)
    return study


def _check_repeats(study: StudyFile) -> None:
    for key in ("backbones", "seeds", "adapters"):
        values = getattr(study, key)
        repeated = next((value for i, value in enumerate(values) if value in values[:i]), None)
        if repeated is not None:
            msg = f"{key}: {repeated!r} is listed twice; each may stand once"
            raise StudyFileError(msg)


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-"))
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
    reason = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return f"{where}: {first['input']!r} is not allowed; it {reason}"


def _allowed_keys(loc: tuple[int | str, ...]) -> str:
    models: dict[str, type[BaseModel]] = {
        "axes": Axes,
        "design": Design,
        "resources": Resources,
    }
    model = models.get(str(loc[0]), StudyFile) if len(loc) > 1 else StudyFile
    return one_of(list(model.model_fields), loc[-1])


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML's safe loader, refusing a key that stands twice: the first would be lost silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        repeated = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
        if repeated is not None:
            msg = f"the key {repeated!r} stands twice"
            raise yaml.constructor.ConstructorError(None, None, msg, node.start_mark)
        return super().construct_mapping(node, deep)
