"""Which keys of a study may stand together.

Owns: the rules that no single key can be held to, and the sentence each is broken with.
Does not cover: a key by itself (``search.study.keys``).
"""

from __future__ import annotations

from search.errors import StudyFileError
from search.study.keys import TUNE, Axes, StudyFile


def check_combinations(study: StudyFile) -> None:
    """Hold a study's keys against one another.

    Raises:
        StudyFileError: Two of them do not go together; the message names both and what does.
    """
    _check_repeats(study)
    _check_budget(study)
    _check_listed(study)
    _check_methods(study)
    _check_verdicts(study)
    _check_processes(study)
    _check_matched(study)


def _check_budget(study: StudyFile) -> None:
    """A grid ends by itself; whatever else chooses points has to be told how many."""
    if study.design.max_runs is None and study.design.sampler not in ("grid", TUNE):
        msg = f"design.max_runs: missing; the {study.design.sampler} sampler needs a whole number"
        raise StudyFileError(msg)


def _check_listed(study: StudyFile) -> None:
    """A list of configurations stands in place of axes and of a choice among them."""
    if study.configurations is None:
        return
    if study.axes not in (None, Axes()):
        msg = "axes: not allowed with configurations; allowed: one of the two"
        raise StudyFileError(msg)
    if study.design.sampler != "grid" or study.design.max_runs is not None:
        msg = (
            f"design: {study.design.model_dump(mode='json')} is not allowed with "
            "configurations, which are run one and all; allowed: grid without max_runs"
        )
        raise StudyFileError(msg)


def _check_verdicts(study: StudyFile) -> None:
    """NSGA-II breeds from completed trials alone, and exact verdicts leave it hardly any."""
    if study.verdicts == "exact" and study.design.sampler == "nsga2":
        msg = (
            "verdicts: 'exact' is not allowed with the nsga2 sampler, which learns from runs "
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
            msg = f"methods.{number}: {entry!r} is listed twice; each may occur once"
            raise StudyFileError(msg)
    processes = study.resources.processes_per_run
    if study.methods and processes > 1:
        msg = (
            f"resources.processes_per_run: {processes} is not allowed with methods, some of "
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
            f"resources.gpus_per_run: {resources.gpus_per_run:g} is not allowed with "
            f"processes_per_run {resources.processes_per_run}, whose processes cannot share a GPU; "
            "allowed: 0 or at least 1"
        )
        raise StudyFileError(msg)


def _check_matched(study: StudyFile) -> None:
    """A matched null run trains several times, which processes that train together cannot do."""
    number = study.resources.processes_per_run
    if study.null_runs.is_matched and number > 1:
        msg = (
            f"resources.processes_per_run: {number} is not allowed with null runs that are "
            "matched (jitter, or sham with match); allowed: 1"
        )
        raise StudyFileError(msg)


def _check_repeats(study: StudyFile) -> None:
    for key in ("backbones", "seeds", "adapters"):
        values = getattr(study, key)
        repeated = next((value for i, value in enumerate(values) if value in values[:i]), None)
        if repeated is not None:
            msg = f"{key}: {repeated!r} is listed twice; each may occur once"
            raise StudyFileError(msg)
