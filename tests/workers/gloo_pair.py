"""A second process that trains beside the test's own: real Gloo, one machine.

Runs as a script: it reads one pickled call a line of hex from its input, and answers with one.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECOND = "TALAN_TEST_SECOND"


class GlooPair:
    """This process as rank 0, another as rank 1; both do the same. One that died is replaced."""

    def __init__(self) -> None:
        self._process = self._start()

    @staticmethod
    def _start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, __file__],
            cwd=ROOT,
            env=os.environ
            | {"PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}", SECOND: "yes"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, work: Callable[..., Any], **arguments: Any) -> tuple[Any, Any]:
        """What ``work(joining, **arguments)`` gives here and there; both may raise."""
        from workers.processes.process_group import GroupMember, open_store, process_group

        if self._process.poll() is not None:
            self._process = self._start()
        store = open_store("127.0.0.1")
        mine, other = (GroupMember(rank, 2, "127.0.0.1", store.port) for rank in range(2))
        self._send((work, other, arguments))
        found = _outcome(work, lambda: process_group(mine, device="cpu", store=store), arguments)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            return found, None
        return found, pickle.loads(bytes.fromhex(line))

    def close(self) -> None:
        """End the other process."""
        self._process.communicate()

    def _send(self, call: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(pickle.dumps(call).hex() + "\n")
        self._process.stdin.flush()


def _outcome(
    work: Callable[..., Any], joining: Callable[[], AbstractContextManager[int]], arguments: Any
) -> Any:
    """What the work gives, or its error as text."""
    try:
        return work(joining, **arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _serve() -> None:
    from workers.run.process import prepare_process

    prepare_process()
    from workers.processes.process_group import process_group

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed is no answer
    for line in sys.stdin:
        work, member, arguments = pickle.loads(bytes.fromhex(line))

        def joining(member: Any = member) -> AbstractContextManager[int]:
            return process_group(member, device="cpu")

        try:
            answer = pickle.dumps(_outcome(work, joining, arguments))
        except BaseException:
            traceback.print_exc()
            raise
        answers.write(answer.hex() + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
