"""What a benchmark computes on: its clock and its name."""

from __future__ import annotations

import time
from resource import RUSAGE_CHILDREN, getrusage

import torch


def clock(device: str) -> float:
    """CPU seconds of this process and of the sandbox's that have ended; on a GPU, the clock's."""
    if device == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    children = getrusage(RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def device_name(device: str) -> str:
    """The GPU's own name, or CPU."""
    return torch.cuda.get_device_name() if device == "cuda" else "CPU"
