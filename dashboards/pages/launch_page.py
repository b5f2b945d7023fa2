"""What the launch form offers, and reading a study file that was pasted into it.

Owns: the form's choices and what stands in it at first; YAML from a browser as JSON, without what
could blow it up. Does not cover: whether a study is right; the REST API says that of both.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from dashboards.errors import DashboardError
from search.study.keys import SAMPLERS, Axes, Design, Resources, StudyFile
from talan.vocabulary import GATES, MIXERS, RULES, SCOPES
from workers.data.yaml_text import load_yaml
from workers.job.jobs import ADAPTER_TYPES
from workers.suites.registry import BUILT_IN as SUITES

_DEEPEST = 20


class StudyTextError(DashboardError):
    """Pasted text is no study file."""


def launch_facts(backbones: tuple[str, ...]) -> dict[str, Any]:
    """What ``launch.html`` is rendered with: choices, and a study's own defaults."""
    fields = StudyFile.model_fields
    return {
        "choices": {
            "backbones": backbones,
            "mixers": MIXERS,
            "rules": RULES,
            "gates": GATES,
            "scopes": SCOPES,
            "adapters": ADAPTER_TYPES,
            "suites": SUITES,
            "samplers": SAMPLERS,
        },
        "first": {
            "backbones": fields["backbones"].default,
            "adapters": fields["adapters"].default,
            "seeds": fields["seeds"].default,
            "benchmarks": [fields["benchmarks"].default],
            "axes": Axes().model_dump(mode="json"),
            "design": Design().model_dump(mode="json"),
            "resources": Resources().model_dump(mode="json"),
        },
    }


def read_study_text(text: str) -> object:
    """A pasted study file as JSON values.

    Raises:
        StudyTextError: It is no YAML, or holds what JSON does not.
    """
    try:
        _check_shape(text)
        content = load_yaml(text)
        return json.loads(json.dumps(content, allow_nan=False))
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        msg = f"this is not valid YAML: {where[:300]}"
        raise StudyTextError(msg) from error
    except (TypeError, ValueError, RecursionError) as error:
        msg = "a study file holds text, numbers, lists and mappings only"
        raise StudyTextError(msg) from error


def _check_shape(text: str) -> None:
    """Refuse what grows when it is read: aliases, and deep nesting; told while it is scanned."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            msg = "aliases (*name) are not allowed here; write the values out"
            raise StudyTextError(msg)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            msg = f"it is nested too deeply; allowed: {_DEEPEST} levels"
            raise StudyTextError(msg)
