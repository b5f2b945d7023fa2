"""The command line as the ``talan`` script calls it, in this process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from api.cli import main
from search.driving.interruptions import handlers_kept


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str


Talan = Callable[..., Answer]


class Terminal:
    """A working folder with its record, as a person at a terminal has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def call(self, *arguments: str) -> Answer:
        """Call a command, however it ends."""
        out, err = StringIO(), StringIO()
        settings = {"TALAN_STORAGE": "", "TALAN_ARTIFACTS": "", "RAY_ADDRESS": ""}
        with (
            chdir(self.folder),
            patch.dict(os.environ, settings),
            patch.object(sys, "argv", ["talan", *arguments]),
            handlers_kept(),  # a command that drives a study heeds signals from then on
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = _code_of(main)
        return Answer(code, out.getvalue(), err.getvalue())

    def __call__(self, *arguments: str) -> str:
        """What a command prints that succeeds."""
        answer = self.call(*arguments)
        assert answer.code == 0, answer
        return answer.out

    def json(self, *arguments: str) -> Any:
        """The same for programs."""
        return json.loads(self(*arguments, "--json"))


def _code_of(command: Callable[[], object]) -> int:
    """What the process of a command would end with."""
    try:
        command()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0
