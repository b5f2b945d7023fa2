"""How much of a GPU's memory a process may take where several share it.

Owns: the cap, so that no run can starve its neighbours: one that needs more fails by itself, with
an out-of-memory error of its own. Does not cover: which process gets which GPU (Ray), and whether a
run fits (``search.cost.check``).

The cap bounds what torch allocates. A process's CUDA context lies outside of it and is set aside
(our choice: 0.75 GiB; measured 0.63 GiB on an H200, ``benchmarks/gpu/checks.py``).
"""

import torch

from workers.errors import WorkerError

CONTEXT_BYTES = 3 * 2**28


def cap_gpu_memory(gpus: float) -> None:
    """Hold this process to its fraction of the one GPU that it sees; whole GPUs are not capped.

    Args:
        gpus: What it was given: a fraction below 1 is shared with others.

    Raises:
        WorkerError: The fraction holds no more than a CUDA context.
    """
    if 0 < gpus < 1 and torch.cuda.is_available():
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(memory_fraction(gpus, total_bytes=total), 0)


def largest_gpu_gib() -> float | None:
    """Memory of this machine's largest GPU; None where there is none."""
    if not torch.cuda.is_available():
        return None
    devices = range(torch.cuda.device_count())
    return max(torch.cuda.get_device_properties(n).total_memory for n in devices) / 2**30


def memory_fraction(gpus: float, *, total_bytes: int) -> float:
    """The share of a GPU's memory that torch may allocate in a process given ``gpus`` of it.

    Raises:
        WorkerError: Nothing would be left beside the context.
    """
    fraction = gpus - CONTEXT_BYTES / total_bytes
    if fraction <= 0:
        gib = gpus * total_bytes / 2**30
        raise WorkerError(
            f"resources.gpus_per_run is {gpus:g}, which is {gib:.2g} GiB of this GPU and holds no "
            f"more than a CUDA context; allowed: more than {CONTEXT_BYTES / total_bytes:.2g}"
        )
    return fraction


def num_gpus() -> int:
    """How many GPUs this machine has."""
    return torch.cuda.device_count()
