"""Who drives a study, and whether that process is still alive."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from patience import wait_until

from storage.lease_owner import is_dead, this_process

ASK = "from storage.lease_owner import this_process;print(this_process(), flush=True); input()"


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
    wait_until(lambda: is_dead(owner))  # nobody waited for it yet: it is a zombie
    process.communicate()
    assert is_dead(owner)


def moved(place: int, value: str) -> str:
    """This process's name with one part of it another; from the back: machine, start, pid."""
    parts = this_process().rsplit(":", 3)
    parts[-place] = value
    return ":".join(parts)


def test_a_process_that_has_the_number_of_a_dead_one_is_another() -> None:
    start = int(this_process().rsplit(":", 2)[1])
    assert is_dead(moved(2, str(start - 1)))
    assert is_dead(moved(2, str(start + 1)))


def test_no_clock_is_asked() -> None:
    """A start is counted in ticks since the boot: setting the clock moves none of it."""
    ticks = int(this_process().rsplit(":", 2)[1])
    with open("/proc/uptime") as uptime:  # noqa: PTH123 - a file of the kernel
        now_s = float(uptime.read().split()[0])
    assert 0 < now_s - ticks / os.sysconf("SC_CLK_TCK") < 24 * 3600


@pytest.mark.parametrize("machine", ["another-boot/1", "another-boot"])
def test_of_another_boot_or_namespace_nothing_is_known(machine: str) -> None:
    assert not is_dead(moved(1, machine))
    assert not is_dead(moved(1, this_process().rsplit("/", 1)[0] + "/1"))


@pytest.mark.parametrize(
    "owner",
    [
        *("another-machine:1:1", "driver-1", "", "::", ":::", "a:b:c:d"),
        f"{socket.gethostname()}:{2**30}:1",
    ],
)
def test_who_cannot_be_judged_from_here_is_not_called_dead(owner: str) -> None:
    assert not is_dead(owner)
