"""What each process of a run holds: a warm workbench, made in the process itself.

Owns: setting the process up before torch is imported, its share of a GPU's memory, and that the
first of several processes starts the others. Does not cover: where the processes are placed
(``search.run_places``).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from search.study_file import Resources

if TYPE_CHECKING:
    from workers.workbench import Workbench


def make_workbench(resources: Resources) -> Workbench:
    """The workbench of a run's own process, with the others where there are several."""
    from workers.process import prepare_process

    prepare_process()
    from workers.distributed.ray_team import RayTeam
    from workers.gpu_memory import cap_gpu_memory
    from workers.workbench import Workbench

    cap_gpu_memory(resources.gpus_per_run)
    if resources.processes_per_run == 1:
        return Workbench()
    alone = resources.model_copy(update={"processes_per_run": 1})
    others = partial(make_workbench, alone)
    return Workbench(team=RayTeam(resources.processes_per_run, make_bench=others))
