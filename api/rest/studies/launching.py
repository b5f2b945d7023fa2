"""Launching what a request asks for: the use case ``launch``, behind what a request may not do.

Owns: which backbones and data a request may name, and how large a study it may ask for. Does not
cover: reading the body (``api.rest.json_body``), nor whether the study is right (``search``), which
is the same for a file.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from api.rest.problems import Problem, invalid_study
from api.rest.settings import Settings
from api.views.plans import StudyPlan
from search import cost, driving
from search.errors import StudyFileError
from search.study.file import parse_study, recorded_file
from search.study.keys import StudyFile
from storage import AuditStore, StudyNotFound
from storage.records import Study
from workers.data.folder import data_folder
from workers.suites.registry import BUILT_IN as BUILT_IN_SUITES

BUILT_IN = ("tiny-qwen3",)
_LARGEST = {"seeds": 2**32 - 1, "design.seed": 2**32 - 1}
_LARGEST_ELSEWHERE = 2**31 - 1


def launch_request(store: AuditStore, content: object, settings: Settings) -> Study:
    """Record the study that a request describes; the same again answers the recorded one.

    Raises:
        Problem: 422, what it asks for is not allowed or does not exist.
        StudyExists: The name is taken by another specification.
    """
    try:
        file = _checked(content, settings)
        return driving.launch(store, file, artifact_url=settings.artifact_url)
    except StudyFileError as error:
        raise invalid_study(str(error), content) from error


def plan_request(store: AuditStore, content: object, settings: Settings) -> StudyPlan:
    """What a request's study would come to; checked as a launch is, and nothing is stored.

    Raises:
        Problem: 422, what it asks for is not allowed or does not exist; 409, its name is taken by
            another specification.
    """
    try:
        file = _checked(content, settings)
        planned = cost.planned_study(
            file, durations=store.durations.read(), artifact_url=settings.artifact_url
        )
    except StudyFileError as error:
        raise invalid_study(str(error), content) from error
    _check_name(store, file)
    return StudyPlan.from_record(planned)


def _checked(content: object, settings: Settings) -> StudyFile:
    _check_values(content, settings.max_values)
    file = parse_study(content)
    _check_backbones(file, settings)
    _check_data(file)
    _check_size(file, settings)
    return file


def _check_name(store: AuditStore, file: StudyFile) -> None:
    """Refuse the name of another study, as a launch would."""
    try:
        recorded = store.studies.get(file.name)
    except StudyNotFound:
        return
    if recorded_file(recorded.spec).spec_hash != file.spec_hash:
        detail = f"name: {file.name!r} is taken by another study; choose a name that is free"
        place = {"where": "body.name", "value": file.name, "message": detail}
        raise Problem(409, "study-exists", detail, errors=[place])


def _check_values(content: object, longest: int) -> None:
    """Refuse what no key of a study takes, and a database would choke on."""
    for where, value in _values("", content):
        if isinstance(value, list) and len(value) > longest:
            msg = f"{where}: a list of {len(value)} values; allowed: up to {longest}"
            raise StudyFileError(msg)
        if isinstance(value, str) and "\x00" in value:
            msg = f"{where}: {value[:100]!r} is not allowed; text holds no NUL character"
            raise StudyFileError(msg)
        largest = _LARGEST.get(where, _LARGEST_ELSEWHERE)
        if isinstance(value, int) and abs(value) > largest:
            msg = f"{where}: {value} is not allowed; allowed: up to {largest}"
            raise StudyFileError(msg)


def _values(where: str, content: object) -> Iterator[tuple[str, object]]:
    """Every value with the keys that lead to it."""
    yield where, content
    if isinstance(content, list):
        for value in content:
            yield from _values(where, value)
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield f"{where}.{key}".removeprefix("."), key
            yield from _values(f"{where}.{key}".removeprefix("."), value)


def _check_backbones(file: StudyFile, settings: Settings) -> None:
    for name in file.backbones:
        if name not in (*BUILT_IN, *settings.allowed_backbones) and not _is_below(
            name, settings.backbone_roots
        ):
            allowed = ", ".join((*BUILT_IN, *settings.allowed_backbones))
            folders = ", or a folder below the service's roots" if settings.backbone_roots else ""
            msg = f"backbones: {name!r} is not allowed; allowed: {allowed}{folders}"
            raise StudyFileError(msg)


def _check_data(file: StudyFile) -> None:
    """A request names suites by word, and training data only where the operator keeps data."""
    if isinstance(file.benchmarks, str) and file.benchmarks not in BUILT_IN_SUITES:
        allowed = f"{', '.join(BUILT_IN_SUITES)}, or a list of benchmarks of one of them"
        msg = f"benchmarks: {file.benchmarks!r} is not allowed; allowed: {allowed}"
        raise StudyFileError(msg)
    if file.training_data is not None and not _is_below(file.training_data, [data_folder()]):
        msg = (
            f"training_data: {file.training_data!r} is not allowed; allowed: a folder below the "
            "service's data folder"
        )
        raise StudyFileError(msg)


def _is_below(name: str, allowed: Sequence[Path]) -> bool:
    """Whether a path lies below one of the roots, as it is written and as it is on disk."""
    written = Path(os.path.normpath(name))
    roots = [root for root in allowed if written.is_relative_to(root)]
    try:
        return any(written.resolve().is_relative_to(root) for root in roots)
    except (OSError, ValueError, RuntimeError):
        return False


def _check_size(file: StudyFile, settings: Settings) -> None:
    if file.resources.workers > settings.max_workers:
        msg = (
            f"resources.workers: {file.resources.workers} is not allowed; "
            f"allowed: 1 to {settings.max_workers}"
        )
        raise StudyFileError(msg)
    runs = _most_runs(file)
    if runs > settings.max_runs_per_study:
        msg = (
            f"axes: up to {runs} runs are too many for this service; allowed: "
            f"{settings.max_runs_per_study}; shorten the axes or set design.max_runs"
        )
        raise StudyFileError(msg)


def _most_runs(file: StudyFile) -> int:
    """An upper bound, from the file alone: values that are the same model count separately."""
    axes = file.spans
    values = (axes.layer, axes.slots, axes.mixer, axes.writeback, axes.trainability)
    points = math.prod(len(axis) for axis in values) * len(axes.gradient_scale)
    treatments = points * len(file.seeds)
    if file.design.max_runs is not None:
        treatments = min(treatments, file.design.max_runs)
    if not file.has_treatments:
        treatments = 0
    others = len(file.seeds) * (1 + 2 * len(file.methods))
    return len(file.backbones) * len(file.adapters) * (treatments + others)
