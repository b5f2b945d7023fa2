"""Waiting for as long as anything moves: what is slow is waited for, what hangs is not.

Owns: the tests' one way to wait for a condition or for a process, and the one reason to give up.
Does not cover: time that is itself the matter, such as a lease that runs out.

A limit in seconds fails a sound program on a busy machine. So the measure is the processor time of
this process and all that it started: where they used next to none of it for minutes, they hang.
What computes for ever is left to pytest's own `timeout`.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

import psutil

# Ray at rest takes about 3% of a core, and a busy process gets 10% where twenty share two cores.
STILL_S, STILL_SHARE = 300.0, 0.05
T = TypeVar("T")


class Patience:
    """Lasts while the processes of this test use the processor."""

    def __init__(self) -> None:
        self._since, self._used = time.monotonic(), processor_s()

    def check(self, why: Callable[[], str]) -> None:
        """Fail where nothing moved for STILL_S; `why` tells what is known about it."""
        passed = time.monotonic() - self._since
        if passed < STILL_S:
            return
        used = abs(processor_s() - self._used)  # what ended takes its count along
        assert used > STILL_SHARE * passed, f"nothing moved for {passed:.0f} s\n{why()}"
        self._since, self._used = time.monotonic(), processor_s()


def wait_until(
    condition: Callable[[], T], *, why: Callable[[], str] = str, pause_s: float = 0.1
) -> T:
    """Wait until something holds; answer it."""
    patience = Patience()
    while not (found := condition()):
        patience.check(why)
        time.sleep(pause_s)
    return found


def output_of(process: subprocess.Popen[str]) -> str:
    """Wait until a process ends by itself; answer what it said."""
    patience = Patience()
    while True:
        try:
            return process.communicate(timeout=5)[0]
        except subprocess.TimeoutExpired as late:
            said = late.output or b""
            patience.check(lambda said=said: f"{process.args} said: {said!r}")


def processor_s() -> float:
    """Processor time of this process and its descendants, those that ended included."""
    me = psutil.Process()
    return sum(map(_processor_s, [me, *me.children(recursive=True)]))


def _processor_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:  # it ended meanwhile
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
