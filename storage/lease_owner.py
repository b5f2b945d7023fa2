"""Who holds a lease: a name that tells whether its process is gone.

Owns: the name of the running process, and the judgement that a holder is dead. Does not cover: the
lease itself (`leases.py`), which runs out wherever its holder lives.

A process is known by its machine's boot, its pid namespace, its pid and the tick of that boot in
which it started (Linux, proc(5): boot_id, ns/pid, field 22 of stat). Host names and pids alone are
not enough: containers share a host name and each has a pid 7. None of it moves with the clock.
Where there is no /proc, the host's name and the start by the clock have to do.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil

_PROC = Path("/proc")
_CLOCK_SLACK = 500  # without /proc: a start in 1/100 s, which moves when the clock is set


def this_process() -> str:
    """``host:pid:start:machine`` of the running process."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start(os.getpid())}:{_machine()}"


def is_dead(owner: str) -> bool:
    """Whether a holder is a process of this machine that is gone; False where nobody can tell."""
    parts = owner.rsplit(":", 3)
    if len(parts) != 4:
        return False
    _, pid, start, machine = parts
    if machine != _machine() or not pid.isdigit() or not start.isdigit():
        return False
    try:
        return abs(_start(int(pid)) - int(start)) > _slack()
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _machine() -> str:
    """One boot of one machine, and the namespace in which its pids count."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


def _slack() -> int:
    return 0 if (_PROC / "self/stat").exists() else _CLOCK_SLACK


def _start(pid: int) -> int:
    """When a process started: ticks since the boot, else hundredths of a second since 1970.

    Raises:
        psutil.NoSuchProcess: There is none, or it has ended and nobody has asked for its result.
    """
    if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
        raise psutil.NoSuchProcess(pid)
    try:
        # The name, in brackets, may hold spaces and brackets of its own.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return int(psutil.Process(pid).create_time() * 100)
    return int(fields[19])
