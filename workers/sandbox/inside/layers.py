"""Which protections work on this machine, found by trying each one out.

Owns the trying, in processes of its own, because none of them can be undone. Not covered: the
namespaces, which the interpreter enters once for all programs (``namespaces.py``).
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable

from . import child, kernel, landlock, seccomp


def working(*, mounted: bool) -> frozenset[str]:
    """The layers that each program can be put under here.

    Args:
        mounted: There is a file tree of our own, which makes Landlock superfluous.
    """
    layers = {"process", "rlimits"}
    if os.geteuid() == 0 and _can(child.become_nobody):
        layers.add("uid")
    if kernel.AVAILABLE and _can(_filter_calls):
        layers.add("seccomp")
    if kernel.AVAILABLE and not mounted and _can(_confine_files):
        layers.add("landlock")
    return frozenset(layers)


def reachable_by_nobody(folders: Iterable[str]) -> bool:
    """Whether the user that programs run as can list these folders."""

    def look() -> None:
        child.become_nobody()
        for folder in folders:
            os.scandir(folder).close()

    return _can(look)


def _filter_calls() -> None:
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(processes=False)


def _confine_files() -> None:
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    landlock.confine(tempfile.gettempdir(), readable=sys.path)


def _can(attempt: Callable[[], None]) -> bool:
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0
