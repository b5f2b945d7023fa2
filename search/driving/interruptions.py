"""Ctrl-C, SIGTERM and a terminal that closes: all end a driver in order, its state kept.

Owns: turning these signals into ``Interrupted``, and holding them back while something is written:
a transaction that is cut in two leaves connections that nobody can close. Does not cover: what is
done then (``search.driving.audits`` gives the lease back, the faces say how to go on).

A second signal is not held back: whoever insists is heard. Signals that this process was started to
ignore (``nohup``) stay ignored.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_held_back: list[int] = []
_heard: list[int] = []
_depth = 0


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to end.

    Args:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def exit_code(error: KeyboardInterrupt) -> int:
    """What a process that was interrupted ends with: 130 for Ctrl-C, 143 for SIGTERM.

    Ray answers a signal that comes while it waits with an interrupt of its own, so the last signal
    heard counts where the error does not say.
    """
    if isinstance(error, Interrupted):
        return error.exit_code
    return 128 + (_heard[-1] if _heard else signal.SIGINT)


def heed_signals() -> None:
    """Have the signals raise ``Interrupted`` in the main thread from now on."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    _held_back.clear()
    _heard.clear()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold a signal back until the end of the block."""
    global _depth  # noqa: PLW0603 - signals come to the process as a whole
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
    if _held_back and not _depth:
        raise Interrupted(_held_back.pop())


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Keep this process's handlers while something installs its own.

    ``ray.init`` does: its SIGTERM handler (abseil's) arms an alarm of 3 s and ends in SIGABRT,
    whatever is being written then.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # None: not installed from Python
                signal.signal(number, handler)


def _interrupt(number: int, _: FrameType | None) -> None:
    _heard.append(number)
    if _depth and not _held_back:
        _held_back.append(number)
        return
    raise Interrupted(number)
