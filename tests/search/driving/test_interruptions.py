"""Signals end a driver in order: at once, or after what is being written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from search.driving.interruptions import (
    SIGNALS,
    Interrupted,
    exit_code,
    handlers_kept,
    heed_signals,
    uninterrupted,
)

IN_RAY = """
import multiprocessing, os, signal, sys, time
import ray
from search.driving import pool
from search.driving.interruptions import exit_code, heed_signals
from search.study.keys import Resources

heed_signals()
multiprocessing.cpu_count = lambda: 64  # more than the study asks for: Ray then reads what it asks
pool.start_ray(Resources(cpus_per_run=1), address=None)
try:
    print("up", flush=True)
    ray.wait([ray.remote(lambda: time.sleep(3600)).remote()])
except KeyboardInterrupt as error:
    time.sleep(4)  # longer than the alarm of Ray's own handler
    print("kept", flush=True)
    sys.exit(exit_code(error))
"""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put this process's handlers back; a shell's ``nohup`` has it ignore a hang-up."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_interrupts_at_once(number: int, code: int) -> None:
    heed_signals()
    with pytest.raises(Interrupted) as caught:
        os.kill(os.getpid(), number)
    assert exit_code(caught.value) == code


def test_what_is_being_written_is_written_first() -> None:
    heed_signals()
    done = []

    def write() -> None:
        with uninterrupted():
            with uninterrupted():
                os.kill(os.getpid(), signal.SIGTERM)
                done.append("inner")
            done.append("outer")

    with pytest.raises(Interrupted):
        write()
    assert done == ["inner", "outer"]
    with uninterrupted():
        done.append("afterwards nothing is left of it")


def test_a_second_signal_is_heard() -> None:
    heed_signals()
    heard = []

    def write() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
            heard.append("first")
            os.kill(os.getpid(), signal.SIGINT)
            heard.append("second")

    with pytest.raises(Interrupted):
        write()
    assert heard == ["first"]


def test_what_was_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    heed_signals()
    os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_handlers_outlast_a_library_that_sets_its_own() -> None:
    heed_signals()
    with handlers_kept():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)


def test_with_a_ray_of_our_own_sigterm_is_ours() -> None:
    process = subprocess.Popen([sys.executable, "-c", IN_RAY], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    time.sleep(0.5)
    process.terminate()
    output, _ = process.communicate()
    assert (output, process.returncode) == ("kept\n", 143)
