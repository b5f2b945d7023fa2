"""A bound on the processor time that a piece of work may take, whatever else the machine does.

Owns: stopping Python code of the main thread after so many seconds of its own processor time. Does
not cover programs that a model wrote (`workers.sandbox`).

math_verify bounds by the clock: on a machine that gives a process a tenth of a core, right answers
become wrong. Here a signal ticks with the process's processor time, and its handler looks at what
the main thread has used, so that neither other processes nor other threads count.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from workers.errors import SuiteError

_TICK_S = 0.25


class OutOfTimeError(BaseException):
    """The work was stopped; no `Exception`, which sympy and math_verify catch in many places."""


@contextmanager
def processor_time(limit_s: float) -> Iterator[None]:
    """Stop what is done within after `limit_s` seconds of processor time.

    Raises:
        OutOfTimeError: It was stopped.
        SuiteError: outside the main thread, which alone can be stopped by a signal.
    """
    require_main_thread()
    end = time.thread_time() + limit_s

    def look(_number: int, _frame: FrameType | None) -> None:
        if time.thread_time() >= end:
            raise OutOfTimeError

    before = signal.signal(signal.SIGVTALRM, look)
    signal.setitimer(signal.ITIMER_VIRTUAL, min(_TICK_S, limit_s), _TICK_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def require_main_thread() -> None:
    """Check that this is the main thread.

    Raises:
        SuiteError: It is another.
    """
    if threading.current_thread() is not threading.main_thread():
        raise SuiteError("Algebra can only be scored in a process's main thread")
