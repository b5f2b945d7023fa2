"""File rules that need no privilege, for machines that deny namespaces.

Owns the rules: the interpreter's library and the system's are readable, the throwaway folder is
writable, everything else (home folders, /proc, sockets in files) cannot be opened.
Not covered: `stat` and file names are still visible; old kernels (before 5.13) have no Landlock.
"""

import ctypes
import os
from collections.abc import Iterable

from . import kernel

_VERSION_FLAG = 1
_PATH_BENEATH = 1
_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, read a folder
_WRITE_FILE = 1 << 1
_ABI_1 = (1 << 13) - 1
_SINCE = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # rename across folders, truncate, device ioctl
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def confine(writable: str, *, readable: Iterable[str]) -> None:
    """Let this process and all that come from it open only these trees, for good.

    Raises:
        OSError: The kernel has no Landlock, or it is switched off.
    """
    version = kernel.syscall(
        "landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG)
    )
    every = _ABI_1 + sum(bit for since, bit in _SINCE.items() if version >= since)
    attributes = _Ruleset(every)
    rules = kernel.syscall(
        "landlock_create_ruleset", ctypes.byref(attributes), ctypes.c_size_t(8), ctypes.c_uint32(0)
    )
    try:
        for path in readable:
            _allow(rules, path, _READ)
        for path in _DEVICES:
            _allow(rules, path, _READ & ~(1 << 3) | _WRITE_FILE)
        _allow(rules, writable, every)
        kernel.syscall("landlock_restrict_self", rules, ctypes.c_uint32(0))
    finally:
        os.close(rules)


def _allow(rules: int, path: str, access: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = _Beneath(access, folder)
        kernel.syscall(
            "landlock_add_rule", rules, _PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0)
        )
    finally:
        os.close(folder)
