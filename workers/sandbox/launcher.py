"""The host's end of the clean interpreter that runs generated programs.

Owns one interpreter: starting it without environment and without descriptors, one question and its
answer, and killing it with everything under it. Restarting is the caller's decision.
Not covered: what happens inside; see ``inside/``.
"""

import contextlib
import dataclasses
import json
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from workers.errors import SandboxError
from workers.sandbox.inside import frames, removal
from workers.sandbox.limits import Limits

_START_S = 20.0
_GOODBYE_S = 2.0
_HERE = str(Path(__file__).resolve().parent)
# The package `inside` is all that the interpreter may see of this project.
_BOOTSTRAP = f"import sys; sys.path.append({_HERE!r}); from inside.zygote import main; main()"
# Not -I: it would ignore the hash seed. Every variable is ours, so nothing is inherited anyway.
_FLAGS = ("-s", "-S", "-P", "-B")
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "TZ": "UTC"}


class NamespacesDeniedError(SandboxError):
    """The kernel, or a container around us, allows no namespaces."""


class Launcher:
    """One running interpreter; ``layers`` says what isolates it.

    Raises:
        NamespacesDeniedError: It needs to be started without them.
        SandboxError: The interpreter did not come up; the message carries its own words.
    """

    def __init__(self, limits: Limits, *, namespaces: bool) -> None:
        self._folder = tempfile.mkdtemp(prefix="talan-sandbox-")
        self._control, control = socket.socketpair()
        self._lifeline, lifeline = socket.socketpair()
        settings = {
            "limits": dataclasses.asdict(limits),
            "namespaces": namespaces,
            "folder": self._folder,
            "control": control.fileno(),
            "lifeline": lifeline.fileno(),
        }
        try:
            self._process = _spawn(settings, control, lifeline)
        except OSError as error:
            removal.remove(self._folder)
            raise SandboxError(f"{sys.executable!r} cannot be started: {error}") from error
        try:
            self.layers = self._greet()
            if "mount" in self.layers:  # a tree of its own grew there: the place is not needed
                removal.remove(self._folder)
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """The process whose death takes everything else with it."""
        return self._process.pid

    def ask(self, program: str, *, patience_s: float) -> dict[str, Any] | None:
        """Send a program and wait for what became of it.

        Returns:
            The answer, or None when the interpreter is dead.

        Raises:
            TimeoutError: No answer within the patience; the interpreter must be killed.
        """
        self._control.settimeout(patience_s)
        try:
            frames.send(self._control, {"program": program})
            return frames.receive(self._control)
        except (BrokenPipeError, ConnectionResetError):
            return None

    def kill(self) -> None:
        """End the interpreter and all it started, and remove its folder."""
        self._control.close()
        self._lifeline.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_S)
        self._process.kill()
        self._process.wait()
        removal.remove(self._folder)

    def _greet(self) -> frozenset[str]:
        self._control.settimeout(_START_S)
        try:
            hello = frames.receive(self._control) or {"error": "it ended at once"}
        except (TimeoutError, ConnectionResetError) as error:
            raise SandboxError(f"the sandbox's interpreter did not start: {error}") from error
        if "denied" in hello:
            raise NamespacesDeniedError(f"namespaces are denied here: {hello['denied']}")
        if "error" in hello:
            raise SandboxError(f"the sandbox's interpreter did not start: {hello['error']}")
        return frozenset(hello["layers"])


def _spawn(
    settings: dict[str, Any], control: socket.socket, lifeline: socket.socket
) -> "subprocess.Popen[bytes]":
    with control, lifeline:
        return subprocess.Popen(
            [sys.executable, *_FLAGS, "-c", _BOOTSTRAP, json.dumps(settings)],
            env=_ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(control.fileno(), lifeline.fileno()),
            start_new_session=True,
        )
