"""What a study would come to, before it is launched: its size, its time, what it can see.

Owns: putting the parts together, for faces that show them. Does not cover: the time
(``search.cost.cost``), the power (``search.cost.power``), or checks (``search.cost.launch_check``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from search.cost.cost import StudyEstimate, estimate_study
from search.cost.launch_check import check_launch, launch_notes
from search.cost.power import StudyPower, study_power
from search.study.keys import StudyFile
from search.study.plan import resolve
from storage.durations import Duration


@dataclass(frozen=True)
class PlannedStudy:
    """A study that is not launched.

    Attributes:
        configurations: Distinct ones, over all hosts.
        runs: Treatments: configurations times seeds.
        baselines: One a host and seed.
        nulls: Null runs of every kind.
        estimate: How long all of them take.
        power: What the study can see.
        notes: What to know before launching, a sentence each.
    """

    configurations: int
    runs: int
    baselines: int
    nulls: int
    estimate: StudyEstimate
    power: StudyPower
    notes: tuple[str, ...]


def planned_study(
    file: StudyFile, *, durations: Sequence[Duration], artifact_url: str
) -> PlannedStudy:
    """What a study file comes to, checked as a launch checks it.

    Args:
        file: The study.
        durations: What earlier runs took.
        artifact_url: Where its artifacts would go.

    Raises:
        StudyFileError: A launch would refuse it.
    """
    audit = resolve(file)
    check_launch(audit, artifact_url=artifact_url)
    treatments = audit.treatments_due()
    hosts, seeds = len(audit.hosts), len(file.seeds)
    return PlannedStudy(
        configurations=sum(treatments) // seeds,
        runs=sum(treatments),
        baselines=hosts * seeds,
        nulls=hosts * file.null_runs.total(file.seeds),
        estimate=estimate_study(audit, durations=durations),
        power=study_power(audit),
        notes=launch_notes(file),
    )
