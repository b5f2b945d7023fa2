"""Whether this machine has a place for a run, known before anything is launched.

Owns: the note of ``talan study check``. Does not cover: a cluster, which is asked when a study is
driven (``search.driving.pool``): a study that it has no place for waits, and lets others pass.
"""

from __future__ import annotations

from search.study.keys import Resources
from workers.run.gpu_memory import num_gpus


def placement_note(resources: Resources) -> str | None:
    """What to know where a run asks for more GPUs than are here; None where it does not."""
    asked, here = resources.gpus_per_run * resources.processes_per_run, num_gpus()
    if asked <= here:
        return None
    return (
        f"a run asks for {asked:g} GPU, and this machine has {here}: here the study cannot be "
        "driven; on a cluster (--ray-address) it waits until there is room for a run"
    )
