"""The scheduler: sees to it that every queued study, and every analysis, has a driver.

Owns: looking for studies and analyses that wait, a driver process for each, another try after one
that ended early. Does not cover: driving (``search.driving.drive_next``), nor which of several
schedulers gets a study: the database decides that, and two never drive one.

Killed, its driver ends with it (on Linux the kernel sees to that), and the study waits again for
whichever scheduler comes first.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from storage import AuditStore, StorageError
from storage.secrets import without_secrets

POLL_S = 1.0
LONGEST_PAUSE_S = 30.0
MOST_FAILURES = 5
NO_PLACE = 3  # how a driver ends that found the engine well, and no place for its study
_END_S = 30.0


class Scheduler:
    """Drives waiting studies one after the other, each in a process of its own.

    Args:
        storage_url: The record.
        ray_address: A Ray cluster; None: a Ray of its own on this machine for each study.
        log: Where lines about studies go.
        keeper_pid: A process that keeps this one: without it, this one ends too.
    """

    def __init__(
        self,
        storage_url: str,
        *,
        ray_address: str | None = None,
        log: Callable[[str], None] = print,
        keeper_pid: int | None = None,
    ) -> None:
        self._keeper_pid = keeper_pid
        self._storage_url = storage_url
        self._log = log
        self._environment = {
            **os.environ,
            "TALAN_STORAGE": storage_url,
            "TALAN_RAY_ADDRESS": ray_address or "",
        }
        self._ending = False

    def run(self) -> bool:
        """Serve until SIGTERM or SIGINT; then end the driver, its study queued again.

        Returns:
            False after several drivers in a row that ended early: whoever keeps this process then
            starts it afresh, and with it what it stands on (a Ray node that died, say).
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        failures = 0
        while not self._is_over():
            if self._is_any_waiting():
                failures = 0 if self._drive() else failures + 1
            if failures == MOST_FAILURES:
                self._log(f"talan: {failures} drivers in a row ended early; the scheduler ends")
                return False
            self._sleep(min(LONGEST_PAUSE_S, POLL_S * 2**failures))
        return True

    def _is_any_waiting(self) -> bool:
        try:
            with AuditStore.open(self._storage_url, create=False) as store:
                return store.analyses.is_any_waiting() or store.leases.is_any_waiting()
        except StorageError as error:
            self._log(f"talan: {without_secrets(str(error))}; trying again")
            self._sleep(POLL_S)
            return False

    def _drive(self) -> bool:
        """One driver process; whether it ended well, if only by letting other studies pass."""
        command = [sys.executable, "-m", "search.driving.drive_next"]
        driver = subprocess.Popen(
            command,
            env=self._environment,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - the scheduler has one thread
            start_new_session=True,
        )
        while driver.poll() is None:
            if self._is_over():
                _end(driver)
            time.sleep(0.2)
        return driver.returncode in (0, NO_PLACE)

    def _is_over(self) -> bool:
        return self._ending or self._keeper_pid not in (None, os.getppid())

    def _end(self, _: int, __: FrameType | None) -> None:
        self._ending = True

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._is_over() and time.monotonic() < until:
            time.sleep(0.1)


def _end(driver: subprocess.Popen[bytes]) -> None:
    driver.terminate()
    try:
        driver.wait(timeout=_END_S)
    except subprocess.TimeoutExpired:
        driver.kill()


def _end_with_parent() -> None:
    """Ask Linux to send this process SIGTERM when its parent is gone."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
