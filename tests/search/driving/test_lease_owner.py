"""Who drives a study, and whether that process is still alive."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import pytest

from search.driving.lease_owner import is_dead, this_process

ASK = (
    "from search.driving.lease_owner import this_process;print(this_process(), flush=True); input()"
)


def test_this_process_is_alive() -> None:
    owner = this_process()
    assert owner.split(":")[:2] == [socket.gethostname(), str(os.getpid())]
    assert owner == this_process()
    assert not is_dead(owner)


def test_another_process_is_alive_until_it_ends() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ASK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    owner = process.stdout.readline().strip()
    assert not is_dead(owner)
    process.kill()
    deadline = time.monotonic() + 10
    while not is_dead(owner) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_dead(owner)  # nobody waited for it yet: it is a zombie
    process.communicate()
    assert is_dead(owner)


def test_a_process_that_has_the_number_of_a_dead_one_is_another() -> None:
    host, pid, start = this_process().rsplit(":", 2)
    assert is_dead(f"{host}:{pid}:{int(start) - 100_000}")
    assert is_dead(f"{host}:{pid}:{int(start) + 100_000}")


def test_a_clock_that_was_set_by_a_second_kills_nobody() -> None:
    host, pid, start = this_process().rsplit(":", 2)
    assert not is_dead(f"{host}:{pid}:{int(start) - 100}")
    assert not is_dead(f"{host}:{pid}:{int(start) + 100}")


@pytest.mark.parametrize(
    "owner",
    ["another-machine:1:1", "driver-1", "", "::", f"{socket.gethostname()}:pid:start", "a:b:c:d"],
)
def test_who_cannot_be_judged_from_here_is_not_called_dead(owner: str) -> None:
    assert not is_dead(owner)
