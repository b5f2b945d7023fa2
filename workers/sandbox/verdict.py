"""What became of one generated program.

Owns the record and the names of the reasons; deciding between them is ``inside/zygote.py``'s work.
"""

import dataclasses
from typing import Literal

Reason = Literal["passed", "failed", "timeout", "memory", "crashed"]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The outcome of one program.

    Attributes:
        passed: It ran past its last line and raised nothing.
        reason: ``failed`` is any exception, SystemExit and syntax errors included; ``timeout`` the
            wall clock or the processor time; ``memory`` a MemoryError that nothing caught;
            ``crashed`` a process that ended before its last line without an exception: a signal,
            ``os._exit``, a lost channel to the harness.
        detail: One line for people, cut at 300 characters; empty when passed.
    """

    passed: bool
    reason: Reason
    detail: str
