"""What every launch makes sure of, so that nothing ends a study's runs which could be known before.

Owns: the checks that ``talan study check``, a launch and a plan share, in one order: whether the
parts of each host fit, whether every training example and the longest prompts suit every backbone,
whether there is room for the artifacts. Does not cover: the study file's names
(``search.study.plan``), and memory, which only ``search.cost.check`` looks at: a study may be
driven on other machines than it is launched on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

from search.cost.artifact_space import ArtifactSpace, check_space
from search.cost.placement import placement_note
from search.cost.prompt_lengths import PromptLength, check_prompts
from search.cost.training_data import TrainingData, check_training_data
from search.errors import StudyFileError
from search.study.gamma_note import gamma_note
from search.study.host_checks import HostSizes, check_hosts
from search.study.keys import StudyFile
from search.study.plan import Audit, study_plan
from storage.new_rows import BASELINE, TREATMENT, StudyPlan
from workers.errors import WorkerError
from workers.evaluation.decoding import Decoding
from workers.suites.fingerprint import suite_fingerprint

Observer = Callable[[str, int], None]

_KNOWN = 64
_one_at_a_time = Lock()  # twenty requests for one study render its examples once


@dataclass(frozen=True)
class DataCheck:
    """Training data by backbone, and the longest prompt of each benchmark by backbone."""

    training: tuple[TrainingData, ...]
    prompts: tuple[PromptLength, ...]


@dataclass(frozen=True)
class LaunchCheck:
    """What a launch found out.

    Attributes:
        plan: The study for the record.
        hosts: Sizes of each host.
        data: Training data and prompts.
        space: What the checkpoints take and what is free.
        runs: How many runs of each kind there will be (treatments: at most).
    """

    plan: StudyPlan
    hosts: list[HostSizes]
    data: DataCheck
    space: ArtifactSpace
    runs: dict[str, int]


def check_launch(
    audit: Audit, *, artifact_url: str, observer: Observer | None = None
) -> LaunchCheck:
    """Check what can be checked without training and without the machine that will train.

    Args:
        audit: The study.
        artifact_url: Where its artifacts go.
        observer: Told the backbone and how many training examples are rendered, now and then; with
            one, texts that are known to be right are looked at again.

    Raises:
        StudyFileError: One sentence on the first thing that is wrong.
    """
    hosts = check_hosts(audit)
    data = check_data(audit, observer=observer)
    plan = study_plan(audit, artifact_url=artifact_url)
    runs = _count_runs(audit, plan)
    space = check_space(hosts, runs=runs, url=artifact_url)
    return LaunchCheck(plan, hosts, data, space, runs)


def launch_notes(file: StudyFile) -> tuple[str, ...]:
    """What to know before launching, a sentence each; nothing is refused for it."""
    return tuple(note for note in (gamma_note(file), placement_note(file.resources)) if note)


def check_data(audit: Audit, *, observer: Observer | None = None) -> DataCheck:
    """Render every training example and the longest prompts as the runs will.

    Raises:
        StudyFileError: A backbone's chat template does not suit an example, which is named, or a
            prompt does not fit its context.
    """
    try:
        if observer is not None:
            return _rendered(audit, observer)
        with _one_at_a_time:
            return _remembered(_Asked(_decides(audit), audit))
    except WorkerError as error:
        raise StudyFileError(str(error)) from error


@dataclass(frozen=True)
class _Asked:
    """An audit that equals another one where the same texts are rendered in the same way."""

    decides: tuple[object, ...]
    audit: Audit = field(compare=False)


def _decides(audit: Audit) -> tuple[object, ...]:
    """All that texts and their tokens follow from: data, backbones, and four keys of the recipe."""
    recipe = audit.recipe
    return (
        suite_fingerprint(audit.suite.name, audit.benchmarks),
        audit.benchmarks,
        *((host.backbone, host.fingerprint) for host in audit.hosts),
        recipe.num_examples,
        recipe.max_length,
        recipe.template_date,
        Decoding.of(recipe).is_continuous,
    )


@lru_cache(maxsize=_KNOWN)
def _remembered(asked: _Asked) -> DataCheck:
    return _rendered(asked.audit, lambda _backbone, _number: None)


def _rendered(audit: Audit, observer: Observer) -> DataCheck:
    training = [
        check_training_data(audit, backbone=name, observer=observer)
        for name in audit.file.backbones
    ]
    return DataCheck(tuple(training), tuple(check_prompts(audit)))


def _count_runs(audit: Audit, plan: StudyPlan) -> dict[str, int]:
    counts: dict[str, int] = {}
    for run in plan.runs:
        counts[run.kind] = counts.get(run.kind, 0) + 1
    if audit.adaptive:
        counts[TREATMENT] = sum(audit.treatments_due())
    return {kind: counts[kind] for kind in sorted(counts, key=lambda k: (k != BASELINE, k))}
