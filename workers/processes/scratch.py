"""Folders for as long as a process lives, and sweeping up after those that were killed.

Owns: making them under the system's temporary folder, and removing at the next start what a process
that is gone left behind. Does not cover: what is put there.

A process that lives holds a lock on a file in its folder, which the kernel lets go however the
process ends. Nothing else tells: pids come again, and containers share a temporary folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCK = ".in-use"


class ScratchFolder:
    """A temporary folder of this process; making one sweeps up what dead processes left.

    Args:
        prefix: What names of such folders begin with.
    """

    def __init__(self, prefix: str) -> None:
        sweep(prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        # The descriptor is not inherited by programs that this process starts.
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove the folder; a second time does nothing."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def sweep(prefix: str) -> list[Path]:
    """Remove this user's folders of processes that are gone, and return them."""
    removed = []
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError), _left_behind(folder) as is_left:
            if is_left:
                shutil.rmtree(folder)
                removed.append(folder)
    return removed


@contextmanager
def _left_behind(folder: Path) -> Iterator[bool]:
    """Whether nobody holds a folder's lock; one without a lock is just being made, or not ours."""
    lock = os.open(folder / _LOCK, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(lock)
