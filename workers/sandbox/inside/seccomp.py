"""A filter on the system calls that a generated program may make.

Owns the list and the filter. It is the same with and without namespaces, so that a program meets
the same refusals on every Linux machine. Refused with EPERM: sockets (`socketpair` stays), new
processes unless they are allowed, leaving the process group, signals to other processes, tracing,
namespaces and mounts, System V and POSIX queues (which outlive a process), io_uring (which reaches
sockets around a filter), keys, bpf.
Not covered: files (mount namespace, Landlock) and quantities (resource limits).
"""

import ctypes
import errno
import os
import struct

from . import kernel

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_MODE_FILTER = 2
_X32_CALLS = 0x40000000
_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020000

# fmt: off
_REFUSED = (
    "socket", "tkill", "ptrace", "setpgid", "setsid", "shmget", "semget", "msgget", "mq_open",
    "pivot_root", "chroot", "mount", "umount2", "unshare", "setns", "add_key", "request_key",
    "keyctl", "perf_event_open", "open_by_handle_at", "process_vm_readv", "process_vm_writev",
    "bpf", "userfaultfd", "pidfd_send_signal", "pidfd_open", "pidfd_getfd", "io_uring_setup",
    "io_uring_enter", "io_uring_register", "open_tree", "move_mount", "fsopen", "fsmount",
    "mount_setattr",
)
_ONLY_ITSELF = ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
# fmt: on


# Operation, steps to skip if true, steps to skip if false, value.
_Step = tuple[int, int, int, int]
_INSTRUCTION = struct.Struct("=HBBI")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def install(*, processes: bool) -> None:
    """Put the filter on this process and all that come from it, for good.

    Args:
        processes: Whether it may start other processes; threads are always allowed.

    Raises:
        OSError: The kernel has no filters. no_new_privs must have been set.
    """
    steps = _filter(os.getpid(), processes=processes)
    packed = b"".join(_INSTRUCTION.pack(*step) for step in steps)
    program = _Program(len(steps), packed)
    kernel.call(
        "prctl", kernel.PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), ctypes.byref(program), 0, 0
    )


def _filter(pid: int, *, processes: bool) -> list[_Step]:
    assert kernel.ABI is not None
    number = kernel.ABI.number
    steps = [(_LOAD, 0, 0, _ARCH_AT), *_unless(_EQUAL, kernel.ABI.audit, _KILL_PROCESS)]
    steps += [(_LOAD, 0, 0, _NUMBER_AT)]
    steps += _when(_AT_LEAST, _X32_CALLS, _ERRNO | errno.ENOSYS)
    # Its flags lie behind a pointer; told that it does not exist, libc falls back to clone.
    steps += _when(_EQUAL, number["clone3"], _ERRNO | errno.ENOSYS)
    refused = _REFUSED if processes else (*_REFUSED, "fork", "vfork")
    for name in refused:
        steps += _when(_EQUAL, number[name], _ERRNO | errno.EPERM) if name in number else []
    for name in _ONLY_ITSELF:
        steps += _only_first_argument(number[name], pid)
    steps += _only_first_argument(number["prlimit64"], 0, pid)
    steps += _clone(number["clone"], processes=processes)
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _when(test: int, value: int, outcome: int) -> list[_Step]:
    return [(test, 0, 1, value), (_RETURN, 0, 0, outcome)]


def _unless(test: int, value: int, outcome: int) -> list[_Step]:
    return [(test, 1, 0, value), (_RETURN, 0, 0, outcome)]


def _only_first_argument(number: int, *allowed: int) -> list[_Step]:
    last = len(allowed) - 1
    tests = [(_EQUAL, last - i, int(i == last), value) for i, value in enumerate(allowed)]
    return _for_call(number, [*tests, (_RETURN, 0, 0, _ALLOW)])


def _clone(number: int, *, processes: bool) -> list[_Step]:
    thread = [] if processes else [(_ANY_BIT, 0, 1, _CLONE_THREAD)]
    namespaces = (_ANY_BIT, len(thread) + 1, 0, _CLONE_NAMESPACES)
    return _for_call(number, [namespaces, *thread, (_RETURN, 0, 0, _ALLOW)])


def _for_call(number: int, tests: list[_Step]) -> list[_Step]:
    """Tests on the first argument of one call; those that fall through are refused."""
    body = [(_LOAD, 0, 0, _FIRST_ARGUMENT_AT), *tests]
    refusal = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    return [(_EQUAL, 0, len(body) + 1, number), *body, refusal]
