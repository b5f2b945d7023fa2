"""One configuration out of a file: what is trained when nobody asks for an audit.

Owns: reading a study file whose lists have one value each, or the paper's JSON record (Appendix C),
and the job that an audit of it would train. Does not cover: training (``search.driving.alone``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.errors import StudyFileError
from search.study.file import parse_study, read_mapping
from search.study.keys import StudyFile
from search.study.plan import Audit, resolve
from talan import TalanConfig
from talan.errors import TalanConfigError
from workers.job.jobs import AdapterSpec, RunJob

_RECORD_KEY = "n_themes"  # no study file has it, every record does


@dataclass(frozen=True)
class Single:
    """One configuration with its host, seed and recipe, all names resolved."""

    audit: Audit
    configuration: Mapping[str, Any]

    @property
    def file(self) -> StudyFile:
        """The study file it comes from, defaults filled in."""
        return self.audit.file

    def job(self, *, artifact_url: str) -> RunJob:
        """The run that an audit of this file makes."""
        host = self.audit.hosts[0]
        return RunJob(
            key="alone",
            backbone=host.backbone,
            adapter=AdapterSpec.from_record(host.adapter),
            configuration=self.configuration,
            block=self.file.talan,
            seed=self.file.seeds[0],
            recipe=self.audit.recipe,
            suite=self.audit.suite.name,
            benchmarks=self.audit.benchmarks,
            artifact_url=artifact_url,
        )


def read_single(path: Path, *, backbone: str | None = None, data: Path | None = None) -> Single:
    """Read one configuration.

    Args:
        path: A study file (YAML or JSON), or a file with the paper's JSON record.
        backbone: In place of the file's; a record names none.
        data: A file of conversations, or a folder with one, in place of the suite's training data.

    Raises:
        StudyFileError: The file cannot be read, asks for something unknown, or lists several.
    """
    content = dict(read_mapping(path))
    if _RECORD_KEY in content:
        content = _of_record(content)
    if backbone is not None:
        content["backbones"] = [backbone]
    if data is not None:
        content["training_data"] = str(data)
    return single_of({"name": "alone", **content})


def single_of(content: Mapping[str, object]) -> Single:
    """One configuration out of a study file's content.

    Raises:
        StudyFileError: It asks for something unknown, or lists several.
    """
    file = parse_study(content)
    if file.methods:
        msg = (
            f"methods: {len(file.methods)} entries; allowed here: none, for TALAN alone is trained"
        )
        raise StudyFileError(msg)
    require_one_host(file)
    audit = resolve(file, with_data=False)
    points = [*audit.enumerated(0), *filter(None, [audit.self_check(0)])]
    if len(points) != 1:
        msg = f"axes: they span {len(points)} configurations; allowed here: one value each"
        raise StudyFileError(msg)
    return Single(audit, points[0])


def _of_record(record: Mapping[str, object]) -> dict[str, object]:
    """The study file that the paper's record stands for."""
    try:
        config = TalanConfig.from_record(record)
    except TalanConfigError as error:
        raise StudyFileError(str(error)) from error
    return {"configurations": [config.axes()], "talan": {"summarizer": config.summarizer}}


def require_one_host(file: StudyFile) -> None:
    """Check that a file has one backbone, one adapter and one seed.

    Raises:
        StudyFileError: It has several of one of them.
    """
    for key in ("backbones", "adapters", "seeds"):
        values = getattr(file, key)
        if len(values) > 1:
            msg = f"{key}: {len(values)} values; allowed here: one"
            raise StudyFileError(msg)
