"""Running programs that a model wrote, one at a time, under limits.

Owns the verdict of a program and the life of the interpreter that runs it.

It does NOT protect against a program written to attack it. The program runs inside the same Python
process as the code that reports its end, so one that looks for that code can report a pass; the
kernel is shared, so a hole in the kernel is a way out; where namespaces are denied, only resource
limits, a syscall filter and Landlock stand between the program and the machine. Nor does it make a
wrong test right: a program may define objects that equal everything. ``docs/reference/sandbox.md``
has the list per platform and the container that belongs around it for code nobody vouches for.
"""

import os
import threading
from types import TracebackType
from typing import Self

from workers.errors import SandboxError
from workers.sandbox.launcher import Launcher, NamespacesDeniedError
from workers.sandbox.limits import Limits
from workers.sandbox.verdict import Verdict

# How long the host waits beyond the wall clock that the interpreter itself keeps: removing what a
# program left on disk is on that program's account.
_GRACE_S = 3.0
_TOOK_IT_DOWN = Verdict(False, "crashed", "the program took its interpreter down twice")
_NAMES = {
    "process": "a separate process with an empty environment",
    "rlimits": "resource limits",
    "uid": "an unprivileged user id",
    "seccomp": "a system call filter",
    "landlock": "Landlock file rules",
    "user": "a user namespace",
    "pid": "a process namespace",
    "net": "a network namespace without interfaces",
    "ipc": "an IPC namespace",
    "mount": "a file tree of its own, read-only but for its folder",
}


class Sandbox:
    """Runs programs in a clean interpreter that is started once and forks per program.

    Not for several threads at once: calls wait for one another.

    Args:
        limits: Bounds on each program.
        namespaces: False leaves Linux namespaces out even where the kernel allows them.

    Raises:
        SandboxError: The platform cannot run it at all.
    """

    def __init__(self, limits: Limits | None = None, *, namespaces: bool = True) -> None:
        if not hasattr(os, "fork"):
            raise SandboxError(
                f"the sandbox needs fork(), which {os.name!r} does not have: use a POSIX system"
            )
        self.limits = limits or Limits()
        self._lock = threading.Lock()
        self._closed = False
        self._launcher: Launcher | None = _first_start(self.limits, namespaces=namespaces)
        self._isolation = self._launcher.layers

    @property
    def isolation(self) -> frozenset[str]:
        """The layers that are active on this machine, by the short names in `describe`."""
        return self._isolation

    def describe(self) -> str:
        """One sentence naming the active layers and the missing ones."""
        active = ", ".join(text for name, text in _NAMES.items() if name in self._isolation)
        missing = ", ".join(sorted(_NAMES.keys() - self._isolation)) or "none"
        return f"Programs are held by {active} (not in use: {missing})."

    def run(self, program: str) -> Verdict:
        """Run one program to its end, its limits or its failure.

        The program is executed in an empty namespace, as lm-evaluation-harness' code metric does:
        ``__name__`` is not ``"__main__"``, standard input is empty, output is thrown away, and
        only the standard library can be imported.

        Args:
            program: Python source.

        Raises:
            SandboxError: The sandbox is closed, or its interpreter cannot be started.
        """
        with self._lock:
            if self._closed:
                raise SandboxError("the sandbox is closed: open a new one")
            try:
                # An interpreter that dies once may be no fault of the program; twice is.
                return self._ask(program) or self._ask(program) or _TOOK_IT_DOWN
            except BaseException:
                self._drop()
                raise

    def close(self) -> None:
        """End the interpreter and everything it started; a second call does nothing."""
        with self._lock:
            self._closed = True
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, program: str) -> Verdict | None:
        launcher = self._launcher = self._launcher or self._start()
        try:
            answer = launcher.ask(program, patience_s=self.limits.wall_s + _GRACE_S)
        except TimeoutError:
            self._drop()
            return Verdict(
                False, "timeout", f"the interpreter gave no answer in {self.limits.wall_s:g} s"
            )
        if answer is None:
            self._drop()
            return None
        if "error" in answer:
            raise SandboxError(f"a program could not be isolated: {answer['error']}")
        return Verdict(answer["reason"] == "passed", answer["reason"], answer["detail"])

    def _drop(self) -> None:
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            launcher.kill()

    def _start(self) -> Launcher:
        """Start again as before: a restart never gives up a layer."""
        return Launcher(self.limits, namespaces="mount" in self._isolation)


def _first_start(limits: Limits, *, namespaces: bool) -> Launcher:
    try:
        return Launcher(limits, namespaces=namespaces)
    except NamespacesDeniedError:
        return Launcher(limits, namespaces=False)
