"""Reading a study file: YAML or JSON in, a checked study or one sentence out.

Owns: the sentence that a wrong key or value is answered with. Does not cover: whether backbones,
benchmarks and layers exist (``search.study.plan`` asks the parts that know).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from search.errors import StudyFileError, one_of
from search.study.combinations import check_combinations
from search.study.draw import FIRST_DRAW
from search.study.keys import Axes, Design, Listed, Resources, StudyFile
from search.study.null_counts import NullRuns, Shams
from workers.data.yaml_text import load_yaml


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
    check_combinations(study)
    return study


def recorded_file(spec: Mapping[str, object]) -> StudyFile:
    """The file of a study on record; one that names no draw began with the first."""
    return parse_study({"draw": FIRST_DRAW, **spec})


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
