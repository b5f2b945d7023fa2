"""Whether the disk that a study's artifacts go to has room for them.

Owns: how much a study will store at least, and how much is free. Does not cover: a disk that fills
up while the study runs (``search.driving``), nor stores that are no folder of this machine.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from search.errors import StudyFileError
from search.study.host_checks import HostSizes

_GIB = 2**30
_BYTES_PER_WEIGHT = 4  # checkpoints hold float32


@dataclass(frozen=True)
class ArtifactSpace:
    """What is needed for the checkpoints of all runs, without responses, and what is free."""

    needed_gib: float
    free_gib: float | None


def check_space(hosts: list[HostSizes], *, runs: Mapping[str, int], url: str) -> ArtifactSpace:
    """Compare the two.

    Args:
        hosts: The study's; runs are dealt evenly to them.
        runs: How many runs of each kind there will be.
        url: Where artifacts go; None is said of what is free where that is no local folder.

    Raises:
        StudyFileError: There is less room than needed.
    """
    weights = [
        host.baseline.adapter + max((size.talan for size in host.largest.values()), default=0)
        for host in hosts
    ]
    needed = sum(weights) / len(weights) * sum(runs.values()) * _BYTES_PER_WEIGHT / _GIB
    free = _free_gib(url)
    if free is not None and needed > free:
        msg = (
            f"the checkpoints of {sum(runs.values())} runs need about {needed:.3g} GiB, and "
            f"{free:.3g} GiB are free where artifacts go ({url}); make room, or name another place "
            "with --artifacts"
        )
        raise StudyFileError(msg)
    return ArtifactSpace(needed, free)


def _free_gib(url: str) -> float | None:
    if "://" in url and not url.startswith("file://"):
        return None
    folder = Path(url.removeprefix("file://")).expanduser().absolute()
    there = next((place for place in (folder, *folder.parents) if place.is_dir()), None)
    return None if there is None else shutil.disk_usage(there).free / _GIB
