"""What one generated program may use.

Owns the values and their checks. Enforcing them is the work of ``inside/child.py`` (memory, CPU,
files, processes) and of the two watchdogs (wall clock). Not covered: the number of files a program
makes where there is no mount namespace, and disk or network bandwidth.
"""

import dataclasses
import math
from typing import Self

from workers.errors import SandboxError

# The interpreter itself maps about 25 MiB before a program starts.
_LEAST: dict[str, float] = {
    "wall_s": 0.05,
    "cpu_s": 1,
    "memory_mib": 64,
    "file_mib": 1,
    "max_processes": 1,
}


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bounds on one program; the values are our choice unless said otherwise.

    Attributes:
        wall_s: Seconds by the clock, ten times the processor time: it is there for programs that
            wait, and must not end those that a loaded machine slows down.
        cpu_s: Whole seconds of processor time. lm-evaluation-harness' code metric allows 3 s by the
            clock.
        memory_mib: Address space, so reserved memory counts too.
        file_mib: Size of the largest file; the whole throwaway folder holds 16 times as much
            where it is a file system of its own.
        max_processes: 1 means that a program may start threads but no process.
    """

    wall_s: float = 30.0
    cpu_s: int = 3
    memory_mib: int = 256
    file_mib: int = 1
    max_processes: int = 1

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            _check(name, getattr(self, name), least=least)

    @classmethod
    def of_cpu(cls, cpu_s: int) -> Self:
        """The usual limits with another processor time, and the clock that goes with it."""
        return cls(cpu_s=cpu_s, wall_s=10.0 * cpu_s)


def _check(name: str, value: object, *, least: float) -> None:
    allowed = (int, float) if name == "wall_s" else (int,)
    number = isinstance(value, allowed) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < least:  # type: ignore[operator]
        kind = "a number" if name == "wall_s" else "a whole number"
        raise SandboxError(f"sandbox limit {name} is {value!r}; allowed: {kind} from {least:g} up")
