"""The process of one program: its limits, its loss of rights, its run and its report.

Owns everything between the fork and the end of that process. The report goes through a pipe and
begins with a nonce that only this process and the interpreter know; it is written after the
program's last line. A program that searches the frames below its own finds the nonce: this keeps
accidents and simple tricks from passing, not a program written for this file.
"""

import contextlib
import dataclasses
import mmap
import os
import random
import resource
import signal
import sys

from . import kernel, landlock, seccomp

NOBODY = 65534
_MIB = 1 << 20
_OPEN_FILES = 64
_DETAIL_CHARS = 300
_RESERVE_BYTES = 2 * _MIB
_BY_DESCRIPTOR = "/proc/self/fd/"
_end_process = os._exit
_own_pid = os.getpid
_write = os.write


@dataclasses.dataclass(frozen=True)
class Confinement:
    """What a child is held to.

    Attributes:
        limits: The fields of ``Limits``.
        layers: The layers in force; a layer named here that fails is an error, never skipped.
        readable: Folders that Landlock lets it read.
        library: Folders of the standard library, as `sys.path` shall name them.
    """

    limits: dict[str, float]
    layers: frozenset[str]
    readable: tuple[str, ...]
    library: tuple[str, ...]


def run(program: str, report: int, nonce: bytes, folder: str, confinement: Confinement) -> None:
    """Become the program; never returns.

    Args:
        program: Its source.
        report: Descriptor the report is written to.
        nonce: What a report must begin with.
        folder: Its throwaway folder, which is its working folder too.
        confinement: Its limits.
    """
    leader = _own_pid()
    try:
        message = _prepare(report, folder, confinement)
        if message is None:
            reserve = mmap.mmap(-1, _RESERVE_BYTES)
            message = _execute(program)
            reserve.close()
        if _own_pid() != leader:  # a process that the program forked has nothing to report
            _end_process(0)
        _write(report, nonce + message)
        _end_process(0)
    finally:
        _end_process(1)


def _execute(program: str) -> bytes:
    """Run the source as lm-evaluation-harness' code metric does: in an empty namespace."""
    try:
        exec(compile(program, "<program>", "exec", dont_inherit=True), {})
    except MemoryError:
        return b"memory\nMemoryError"
    except BaseException as error:
        return b"failed\n" + _one_line(error)
    return b"passed\n"


def _one_line(error: BaseException) -> bytes:
    try:
        text = f"{type(error).__name__}: {error}".removesuffix(": ")
    except BaseException:
        text = type(error).__name__
    return " ".join(text[: 4 * _DETAIL_CHARS].split())[:_DETAIL_CHARS].encode(errors="replace")


def _prepare(report: int, folder: str, confinement: Confinement) -> bytes | None:
    """Give up everything; the error as a report where that fails."""
    try:
        os.setpgid(0, 0)
        _close_all_but(report, *_descriptors(confinement.library))
        os.chdir(folder)
        os.environ.update(HOME=folder, TMPDIR=folder)
        random.seed(0)
        _limit(confinement)
        _drop_rights(folder, confinement)
    except OSError as error:
        return b"error\n" + _one_line(error)
    return None


def _close_all_but(*kept: int) -> None:
    start = 3
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, start + 4 * _OPEN_FILES)


def _descriptors(library: tuple[str, ...]) -> list[int]:
    named = [path for path in library if path.startswith(_BY_DESCRIPTOR)]
    return [int(path.removeprefix(_BY_DESCRIPTOR)) for path in named]


def _limit(confinement: Confinement) -> None:
    limits = confinement.limits
    cpu_s = int(limits["cpu_s"])
    memory = int(limits["memory_mib"]) * _MIB
    size = int(limits["file_mib"]) * _MIB
    _lower(resource.RLIMIT_CPU, cpu_s, hard=cpu_s + 1)
    _lower(resource.RLIMIT_FSIZE, size)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    if sys.platform == "linux":
        _lower(resource.RLIMIT_AS, memory)
    else:  # macOS refuses it
        with contextlib.suppress(ValueError, OSError):
            _lower(resource.RLIMIT_AS, memory)
    _limit_processes(int(limits["max_processes"]), confinement.layers)


def _limit_processes(number: int, layers: frozenset[str]) -> None:
    """Count processes by user id, unless the filter refuses every one of them anyway."""
    if number == 1 and "seccomp" in layers:
        return
    # In a user namespace of ours the two processes of the harness are counted as well.
    number += 2 * ("user" in layers)
    _lower(resource.RLIMIT_NPROC, number)


def _lower(kind: int, value: int, *, hard: int | None = None) -> None:
    """Set a limit, unless the machine's own is lower already."""
    wanted = value if hard is None else hard
    most = resource.getrlimit(kind)[1]
    hard = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(kind, (min(value, hard), hard))


def _drop_rights(folder: str, confinement: Confinement) -> None:
    layers = confinement.layers
    if kernel.AVAILABLE:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    if "landlock" in layers:  # while every folder can still be walked to
        landlock.confine(folder, readable=confinement.readable)
    if "uid" in layers:
        become_nobody()
    if kernel.AVAILABLE:
        kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user clears it
    if "seccomp" in layers:
        seccomp.install(processes=confinement.limits["max_processes"] > 1)


def become_nobody() -> None:
    """Change to a user that owns nothing."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def path_of(descriptor: int) -> str:
    """A folder by its descriptor, for those who may not walk to it."""
    return f"{_BY_DESCRIPTOR}{descriptor}"
