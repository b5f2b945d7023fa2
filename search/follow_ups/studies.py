"""Studies that follow up one run: the same recipe and host, fresh seeds, configurations of choice.

Owns: the study file of a follow-up, its name and its seeds. A follow-up is a study like any other,
so that driving, resuming and the record are the same. Its seeds are the first of one sequence that
follows from the study's name and holds none of the study's own seeds nor its null runs': the same
for every follow-up of the study, and asking for more goes on in it. What is asked for beyond the
seeds on record becomes a further study, ``-2``, ``-3``, ...
Does not cover: what the runs amount to (``search.follow_ups.confirmation``,
``search.follow_ups.ablation``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from search import driving
from search import study as study_files
from search.errors import StudyFileError
from search.study.draw import check_draw
from search.study.file import parse_study, recorded_file
from search.study.fresh_seeds import fresh_seeds
from search.study.keys import StudyFile
from search.study.null_runs import null_seeds
from storage import TREATMENT, AuditStore, StudyNotFound
from storage.records import Host, Run, RunFilter, Study

if TYPE_CHECKING:
    from search.study.plan import Audit

_LONGEST = 50  # of the study's name, in a follow-up's
ID_DIGITS = 6  # of the run's id, in a follow-up's name
_SAME = ("benchmarks", "training", "training_data", "talan", "resources")

Configuration = Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """The run that is followed up, where it comes from, and its study's file."""

    run: Run
    study: Study
    file: StudyFile
    host: Host

    @property
    def configuration(self) -> Configuration:
        """The run's configuration, in canonical form."""
        assert self.run.configuration is not None
        return self.run.configuration

    def stem(self, word: str) -> str:
        """The name of the run's first follow-up of a kind."""
        return stem_of(self.study.name, word) + self.run.id[:ID_DIGITS]


def stem_of(study: str, word: str) -> str:
    """What the names of all follow-ups of a kind begin with."""
    return f"{study[:_LONGEST].rstrip('-_.')}-{word}-"


def origin_of(store: AuditStore, run_id: str) -> Origin:
    """What a follow-up of a run starts from.

    Raises:
        RunNotFound: No such run.
        StudyFileError: It is no treatment, or has no verdict.
    """
    run = store.runs.get(run_id)
    if run.kind != TREATMENT:
        msg = f"run {run_id} is a {run.kind.replace('_', ' ')}; allowed: a treatment"
        raise StudyFileError(msg)
    if run.g1 is None:
        msg = f"run {run_id} is {run.state} and has no verdict; allowed: a completed run"
        raise StudyFileError(msg)
    study = store.studies.get(run.study)
    return Origin(run, study, recorded_file(study.spec), study.hosts[run.host])


def launch_follow_up(
    store: AuditStore,
    origin: Origin,
    *,
    stem: str,
    configurations: Sequence[Configuration],
    num_seeds: int,
) -> list[str]:
    """Put on record what so many fresh seeds still lack; the names of all parts, oldest first.

    Raises:
        StudyFileError: No seed is asked for, the backbone is not what it was, or a study of that
            name is something else.
    """
    if num_seeds < 1:
        msg = f"seeds: {num_seeds} is not allowed; allowed: whole numbers from 1 up"
        raise StudyFileError(msg)
    parts = follow_ups(store, stem)
    for part in parts:
        _check_same(origin, part, configurations=configurations)
    names = [part.name for part in parts]
    on_record = {seed for part in parts for seed in part.spec["seeds"]}
    missing = [seed for seed in seeds_of(origin, num_seeds) if seed not in on_record]
    if missing:
        names.append(_part_name(stem, len(parts) + 1))
        file = _file(origin, name=names[-1], seeds=missing, configurations=configurations)
        audit = study_files.resolve(file)
        _check_backbone(origin, audit)
        driving.launch(store, file, artifact_url=origin.study.artifact_url, audit=audit)
    return names


def follow_ups(store: AuditStore, stem: str) -> list[Study]:
    """The parts on record, oldest first."""
    parts: list[Study] = []
    for number in count(1):
        try:
            parts.append(store.studies.get(_part_name(stem, number)))
        except StudyNotFound:
            break
    return parts


def treatments_of(store: AuditStore, parts: Sequence[Study]) -> list[Run]:
    """All treatments of the parts, in order."""
    treated = RunFilter(kind=TREATMENT)
    return [run for part in parts for run in store.runs.iterate(part.name, treated)]


def seeds_of(origin: Origin, number: int) -> list[int]:
    """The first so many seeds of the study's follow-ups."""
    used = {*origin.file.seeds, *null_seeds(origin.file)}
    return fresh_seeds(number, exclude=used, parts=("follow-up", origin.study.name))


def _part_name(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"


def _file(
    origin: Origin, *, name: str, seeds: Sequence[int], configurations: Sequence[Configuration]
) -> StudyFile:
    return parse_study(
        {
            **{key: origin.study.spec[key] for key in _SAME if key in origin.study.spec},
            "name": name,
            "backbones": [origin.host.backbone],
            "adapters": [dict(origin.host.adapter)],
            "seeds": list(seeds),
            "configurations": [dict(configuration) for configuration in configurations],
        }
    )


def _check_same(origin: Origin, part: Study, *, configurations: Sequence[Configuration]) -> None:
    seeds = part.spec["seeds"]
    file = _file(origin, name=part.name, seeds=seeds, configurations=configurations)
    check_draw(part.name, part.spec)
    if recorded_file(part.spec).spec_hash != file.spec_hash:
        msg = (
            f"study {part.name!r} exists and asks for something else than following up run "
            f"{origin.run.id}"
        )
        raise StudyFileError(msg)


def _check_backbone(origin: Origin, audit: Audit) -> None:
    (found,) = audit.hosts
    if found.fingerprint != origin.host.fingerprint:
        msg = (
            f"backbones: {found.backbone!r} has changed since study {origin.study.name!r} ran; "
            "put it back to follow up its runs"
        )
        raise StudyFileError(msg)
