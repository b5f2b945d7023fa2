"""Who drives a study: a name that tells whether its process is still alive.

Owns: the owner's name of a lease, and the judgement that it is dead. Does not cover: the lease
itself (``storage``), which runs out by its own clock wherever the owner lives.
"""

from __future__ import annotations

import os
import socket

import psutil

_CLOCK_SLACK_S = 5  # a process's start, as told, moves when the machine's clock is set


def this_process() -> str:
    """``host:pid:start`` of the running process; the start time tells a reused pid apart."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start(os.getpid())}"


def is_dead(owner: str) -> bool:
    """Whether an owner is a process of this machine that is gone; False where nobody can tell."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    start = owner.rpartition(":")[2]
    if host != socket.gethostname() or not rest.isdigit() or not start.isdigit():
        return False
    try:
        return abs(_start(int(rest)) - int(start)) > 100 * _CLOCK_SLACK_S
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _start(pid: int) -> int:
    """When a process started, in hundredths of a second."""
    process = psutil.Process(pid)
    if process.status() == psutil.STATUS_ZOMBIE:
        raise psutil.NoSuchProcess(pid)
    return int(process.create_time() * 100)
