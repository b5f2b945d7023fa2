"""The README's commands: each one is understood, and those that only read run on a real record."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from page_studies import finished
from typer.testing import CliRunner

from api.cli.app import app
from storage import AuditStore

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
IN_TABLES = re.findall(r"\| `(talan [^`]+)` \|", README)
IN_BLOCKS = [
    line.partition("#")[0].split("&&")
    for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]
COMMANDS = list(
    dict.fromkeys(
        [*IN_TABLES, *(part.strip() for parts in IN_BLOCKS for part in parts if "talan " in part)]
    )
)
READING = ("study status", "g1", "champions", "importance", "reference", "runs", "run ", "figures")
MENTIONED = re.findall(r"\]\(([^)#:]+)[^):]*\)", README)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A finished study by the README's name, and its champion."""
    folder = tmp_path_factory.mktemp("readme")
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        finished(store, "my-study", artifacts=str(folder / "talan-artifacts"), configurations=8)
        yield folder, store.rates.champions("my-study")[0].id


def test_there_are_commands() -> None:
    assert "talan demo" in COMMANDS
    assert len(IN_TABLES) >= 15


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_understands(command: str) -> None:
    """Parsed by the command itself, with every option; nothing is run."""
    context = typer.main.get_command(app).make_context("talan", shlex.split(command)[1:])
    group, words = context.command, [*context._protected_args, *context.args]
    while True:
        name, inner, rest = group.resolve_command(context, words)
        context = inner.make_context(name, rest, parent=context)
        if not hasattr(inner, "resolve_command"):
            break
        group, words = inner, [*context._protected_args, *context.args]


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c.startswith(tuple(f"talan {word}" for word in READING))]
)
def test_it_answers_on_a_record(
    command: str, record: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, champion = record
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TALAN_STORAGE", raising=False)
    words = shlex.split(command.replace("RUN_ID", champion))[1:]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert result.output.strip()


@pytest.mark.parametrize("path", sorted(set(MENTIONED)))
def test_what_it_links_to_is_there(path: str) -> None:
    assert (ROOT / path).exists()
