"""One program, from the fork to the verdict.

Owns the program's wall clock, the end of every process that it started, and telling its possible
ends apart. Not covered: what the program's process does to itself (``child.py``).
"""

import contextlib
import os
import select
import signal
import time

from . import child
from .box import Box

_NONCE_BYTES = 16
_MESSAGE_BYTES = 4096


class Trial:
    """Runs programs one after another under one confinement."""

    def __init__(self, box: Box, confinement: child.Confinement) -> None:
        self.confinement = confinement
        self._box = box

    def run(self, program: str) -> dict[str, str]:
        """The verdict of one program: ``reason`` and ``detail``, or ``error``."""
        folder = self._box.open()
        reading, writing = os.pipe()
        nonce = os.urandom(_NONCE_BYTES)
        pid = os.fork()
        if pid == 0:
            child.run(program, writing, nonce, folder, self.confinement)
        os.close(writing)
        report, in_time = self._listen(reading)
        os.close(reading)
        status, cpu_s = self._end(pid)
        self._box.close(folder)
        if not in_time:
            return _answer("timeout", f"still running after {self._limit('wall_s'):g} s")
        if status == 0 and report.startswith(nonce):
            reason, _, detail = report.removeprefix(nonce).decode(errors="replace").partition("\n")
            return {"error": detail} if reason == "error" else _answer(reason, detail)
        if report:
            return _answer("crashed", "wrote into the harness's own channel")
        return self._without_report(status, cpu_s)

    def _listen(self, reading: int) -> tuple[bytes, bool]:
        """What came through the pipe until its end, and whether that was in time."""
        deadline = time.monotonic() + self._limit("wall_s")
        report = b""
        while len(report) <= _MESSAGE_BYTES:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([reading], [], [], left_s)[0]:
                return report, False
            part = os.read(reading, _MESSAGE_BYTES)
            if not part:
                break
            report += part
        return report, True

    def _end(self, pid: int) -> tuple[int, float]:
        """Kill all that is left; the child's exit status and the processor time it took."""
        layers = self.confinement.layers
        everything = -1 if "pid" in layers else -pid
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(everything, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        # Orphans come to this process; the filter keeps them in the group that was just killed.
        _bury(wait=bool({"pid", "seccomp"} & layers))
        if everything == -1:
            _kill_the_rest()
        return status, usage.ru_utime + usage.ru_stime

    def _without_report(self, status: int, cpu_s: float) -> dict[str, str]:
        if not os.WIFSIGNALED(status):
            code = os.waitstatus_to_exitcode(status)
            return _answer("crashed", f"ended with status {code} before its last line was done")
        number = os.WTERMSIG(status)
        limit_s = self._limit("cpu_s")
        if number == signal.SIGXCPU or (number == signal.SIGKILL and cpu_s >= limit_s):
            return _answer("timeout", f"used more than {limit_s:g} s of processor time")
        return _answer("crashed", f"ended by {_name(number)}")

    def _limit(self, name: str) -> float:
        return self.confinement.limits[name]


def _answer(reason: str, detail: str) -> dict[str, str]:
    return {"reason": reason, "detail": detail}


def _kill_the_rest() -> None:
    """As process 1: again until nothing is left to kill, for a fork bomb spawns meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(-1, signal.SIGKILL)
            _bury(wait=True)


def _bury(*, wait: bool) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0 if wait else os.WNOHANG)[0]:
            pass


def _name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
