"""What each process of a run holds: a warm executor, made in the process itself.

Owns: setting the process up before torch is imported, its share of a GPU's memory, and that the
first of several processes starts the others. Does not cover: where the processes are placed
(``search.driving.run_places``).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from search.study.keys import Resources

if TYPE_CHECKING:
    from workers.run.executor import RunExecutor


def make_run_executor(resources: Resources) -> RunExecutor:
    """The executor of a run's own process, with the others where there are several."""
    from workers.run.process import collecting_nothing, prepare_process

    with collecting_nothing():
        prepare_process()
        from workers.ray_actors.training_actors import RayTrainingProcesses
        from workers.run.executor import RunExecutor
        from workers.run.gpu_memory import cap_gpu_memory

    cap_gpu_memory(resources.gpus_per_run)
    if resources.processes_per_run == 1:
        return RunExecutor()
    alone = resources.model_copy(update={"processes_per_run": 1})
    others = partial(make_run_executor, alone)
    return RunExecutor(
        processes=RayTrainingProcesses(resources.processes_per_run, make_executor=others)
    )
