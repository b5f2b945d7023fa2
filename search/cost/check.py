"""A dry run of a study file: everything that can be found wrong before training starts.

Owns: the report, and the check of this machine's memory. Does not cover: the checks that a launch
makes too (``search.cost.launch_check``), launching (``search.driving.audits``), what the study will
cost (``search.cost.cost``).
"""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from search.cost.artifact_space import ArtifactSpace
from search.cost.launch_check import Observer, check_launch, launch_notes
from search.cost.power import StudyPower, study_power
from search.cost.prompt_lengths import PromptLength
from search.cost.training_data import TrainingData
from search.errors import StudyFileError
from search.study.host_checks import HostSizes
from search.study.keys import StudyFile
from search.study.plan import Audit, resolve
from workers.run.gpu_memory import largest_gpu_gib

_GIB = 2**30


@dataclass(frozen=True)
class Memory:
    """Weights, gradients and optimizer state of a host's largest run beside what there is.

    Attributes:
        needed_gib: Without activations, so at least.
        available_gib: Of one run; None where this machine has no GPU to ask.
        device: ``GPU`` or ``CPU``.
    """

    needed_gib: float
    available_gib: float | None
    device: str


@dataclass(frozen=True)
class StudyCheck:
    """What a study would do.

    Attributes:
        audit: The study with its names resolved.
        hosts: Sizes of each host.
        data: Training data by backbone.
        memory: Of each host.
        prompts: The longest prompt of each benchmark, by backbone.
        space: What the checkpoints take and what is free.
        runs: How many runs of each kind there will be (treatments: at most).
        power: What it can see.
        notes: What to know before launching.
    """

    audit: Audit
    hosts: list[HostSizes]
    data: list[TrainingData]
    memory: list[Memory]
    prompts: list[PromptLength]
    space: ArtifactSpace
    runs: dict[str, int]
    power: StudyPower
    notes: tuple[str, ...] = ()


def check_study(
    file: StudyFile,
    *,
    artifact_url: str = "",
    observer: Observer = lambda _backbone, _number: None,
) -> StudyCheck:
    """Check everything that can be checked without training.

    Args:
        file: The study file.
        artifact_url: Where its artifacts would go; "": the working folder.
        observer: Told the backbone and how many training examples are rendered, now and then.

    Raises:
        StudyFileError: One sentence on the first thing that is wrong.
    """
    audit = resolve(file)
    found = check_launch(audit, artifact_url=artifact_url, observer=observer)
    return StudyCheck(
        audit,
        found.hosts,
        list(found.data.training),
        [_check_memory(audit, host) for host in found.hosts],
        list(found.data.prompts),
        found.space,
        found.runs,
        power=study_power(audit),
        notes=launch_notes(file),
    )


def _check_memory(audit: Audit, host: HostSizes) -> Memory:
    sizes = [host.baseline, *host.largest.values()]
    needed = max(size.resident_gib(audit.recipe.dtype) for size in sizes)
    memory = _available(audit, needed)
    if memory.available_gib is not None and needed > memory.available_gib:
        msg = (
            f"backbone {host.backbone!r} needs at least {needed:.3g} GiB of {memory.device} memory "
            f"a run (weights, gradients, optimizer; activations come on top) and a run has "
            f"{memory.available_gib:.3g} GiB here; give it more GPUs or CPUs' memory, or fewer "
            "runs at once (resources.workers, resources.gpus_per_run)"
        )
        raise StudyFileError(msg)
    return memory


def _available(audit: Audit, needed_gib: float) -> Memory:
    resources = audit.file.resources
    if not resources.gpus_per_run:
        free = psutil.virtual_memory().available / _GIB
        processes = resources.workers * resources.processes_per_run
        return Memory(needed_gib, free / processes, "CPU")
    total = largest_gpu_gib()
    if total is None:
        return Memory(needed_gib, None, "GPU")
    return Memory(needed_gib, total * min(1.0, resources.gpus_per_run), "GPU")
