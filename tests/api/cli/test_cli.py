"""The installed ``talan`` script: exit codes, one line on errors, nothing secret, nothing slow."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from talan_command import Talan

TALAN = Path(sys.executable).with_name("talan")


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The script as a person calls it."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("TALAN_", "RAY_"))}
    return subprocess.run(
        [str(TALAN), *arguments],
        cwd=folder,
        env={**keep, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("name: x\naxes: {layer: [0, 77]}\n")
    answer = run(tmp_path, "study", "run", "study.yaml")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.strip() == (
        "talan: axes.layer: 77 is not allowed; allowed: 0 to 5 on tiny-qwen3, embedding, or a "
        "depth from 0% to below 100%"
    )


def test_an_unreachable_postgres_is_named_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as listener:  # a port that was free, and is again
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    answer = run(
        tmp_path,
        "study",
        "list",
        TALAN_STORAGE=f"postgresql://somebody:s3cret-word@127.0.0.1:{port}/talan",
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("talan: postgresql+psycopg://somebody:***@127.0.0.1:")
    assert answer.stderr.count("\n") == 1
    assert "s3cret-word" not in answer.stderr


def test_a_reader_that_has_seen_enough_is_no_error(folder: Path, runs: list[str]) -> None:
    keep = {k: v for k, v in os.environ.items() if not k.startswith("TALAN_")}
    with subprocess.Popen(
        [str(TALAN), "runs", "recorded", "--json"],
        cwd=folder,
        env=keep,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_questions_to_the_record_load_neither_torch_nor_ray() -> None:
    code = (
        "import sys, api.cli; heavy = {'torch', 'ray', 'transformers', 'optuna', 'pandas'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_help_names_every_command(talan: Talan) -> None:
    answer = talan("--help")
    assert answer.code == 0
    for command in ("study", "runs", "run", "g1", "champions", "export", "serve", "db"):
        assert f" {command} " in answer.out
    assert "talan demo" in answer.out


@pytest.mark.parametrize("arguments", [(), ("study",), ("db",)])
def test_alone_a_group_shows_its_help(talan: Talan, arguments: tuple[str, ...]) -> None:
    assert "Usage" in talan(*arguments).out


@pytest.mark.parametrize(
    "arguments", [("stduy",), ("study", "walk"), ("runs",), ("runs", "a", "--colour")]
)
def test_a_command_that_there_is_not(talan: Talan, arguments: tuple[str, ...]) -> None:
    answer = talan(*arguments)
    assert answer.code == 2
    assert "Usage" in answer.err


def test_an_interrupt_anywhere_is_exit_code_130(
    folder: Path, runs: list[str], talan: Talan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("api.cli.commands.runs.open_store", interrupted)
    assert talan("runs", "recorded").code == 130
