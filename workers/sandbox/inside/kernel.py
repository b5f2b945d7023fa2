"""Linux system calls that Python's standard library does not offer, through ctypes.

Owns the constants and the error handling (an OSError that names the call). Not covered: what they
are used for. Nothing here does anything on other systems: `AVAILABLE` is False there.
"""

import ctypes
import os
import platform
import sys
from typing import NamedTuple

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 0x2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

ADDR_NO_RANDOMIZE = 0x0040000

_AT_FDCWD, _AT_RECURSIVE, _MOUNT_SETATTR = -100, 0x8000, 442
_CAPABILITY_VERSION_3 = 0x20080522


class Abi(NamedTuple):
    """What differs between processors: the audit name and the older system call numbers."""

    audit: int
    number: dict[str, int]


# fmt: off
_X86_64 = {
    "socket": 41, "clone": 56, "fork": 57, "vfork": 58, "kill": 62, "tkill": 200, "tgkill": 234,
    "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "ptrace": 101, "setpgid": 109, "setsid": 112,
    "shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240, "pivot_root": 155, "chroot": 161,
    "mount": 165, "umount2": 166, "unshare": 272, "setns": 308, "add_key": 248, "request_key": 249,
    "keyctl": 250, "perf_event_open": 298, "prlimit64": 302, "open_by_handle_at": 304,
    "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "userfaultfd": 323,
}
_AARCH64 = {
    "socket": 198, "clone": 220, "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138,
    "rt_tgsigqueueinfo": 240, "ptrace": 117, "setpgid": 154, "setsid": 157, "shmget": 194,
    "semget": 190, "msgget": 186, "mq_open": 180, "pivot_root": 41, "chroot": 51, "mount": 40,
    "umount2": 39, "unshare": 97, "setns": 268, "add_key": 217, "request_key": 218, "keyctl": 219,
    "perf_event_open": 241, "prlimit64": 261, "open_by_handle_at": 265, "process_vm_readv": 270,
    "process_vm_writev": 271, "bpf": 280, "userfaultfd": 282,
}
# Since Linux 5.1 a new call has one number everywhere.
_EVERYWHERE = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "io_uring_enter": 426,
    "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432,
    "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438, "mount_setattr": _MOUNT_SETATTR,
    "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446,
}
# fmt: on
_ABIS = {
    "x86_64": Abi(0xC000003E, _X86_64 | _EVERYWHERE),
    "aarch64": Abi(0xC00000B7, _AARCH64 | _EVERYWHERE),
}

ABI = _ABIS.get(platform.machine()) if sys.maxsize > 2**32 else None
AVAILABLE = sys.platform == "linux" and ABI is not None
_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _MountAttributes(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns"))


def call(name: str, *arguments: object) -> int:
    """Call a libc function.

    Raises:
        OSError: It returned -1; the message names the call.
    """
    return _checked(name, getattr(_libc, name)(*arguments))


def syscall(name: str, *arguments: object) -> int:
    """Make a system call by its own name, for those that libc has no function for."""
    assert ABI is not None
    return _checked(name, _libc.syscall(ctypes.c_long(ABI.number[name]), *arguments))


def prctl(option: int, value: int) -> None:
    """Set one attribute of this process."""
    call("prctl", option, ctypes.c_ulong(value), *(ctypes.c_ulong(0),) * 3)


def mount(source: str, target: str, kind: str | None, *, flags: int, options: str = "") -> None:
    """Mount ``source`` on ``target``; no kind means that the flags say what is done."""
    kind_bytes = None if kind is None else kind.encode()
    call(
        "mount",
        os.fsencode(source),
        os.fsencode(target),
        kind_bytes,
        ctypes.c_ulong(flags),
        options.encode(),
    )


def restrict_mount(target: str, *, flags: int, recursive: bool) -> None:
    """Add flags such as MS_RDONLY to a mount, and to those below it where recursive."""
    attributes = _MountAttributes(set=flags)
    at_flags = _AT_RECURSIVE if recursive else 0
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    path = os.fsencode(target)
    syscall("mount_setattr", _AT_FDCWD, path, at_flags, ctypes.byref(attributes), size)


def drop_capabilities() -> None:
    """Give up every capability of this process, for good once no_new_privs is set."""
    nothing = (ctypes.c_uint32 * 6)()
    call("capset", ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), ctypes.byref(nothing))


def _checked(name: str, result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
