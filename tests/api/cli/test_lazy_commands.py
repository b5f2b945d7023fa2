"""Commands that are imported when they are called."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.cli import app as tables
from api.cli.lazy_commands import LazyCommand, lazy_group

HEAVY = ("torch", "transformers", "ray", "optuna", "lm_eval", "pandas", "plotly", "fastapi")
RECORD = ("sqlalchemy", "alembic", "psycopg", "fsspec")
SHOW = (
    "import sys, atexit\n"
    "atexit.register(lambda: print('LOADED', *sorted({heavy!r} & sys.modules.keys())))\n"
    "sys.argv = ['talan', *{arguments!r}]\n"
    "from api.cli import main\n"
    "main()\n"
)
EVERY = [
    (*group, name)
    for group, table in (
        ((), tables.COMMANDS),
        (("study",), tables.STUDY),
        (("data",), tables.DATA),
        (("db",), tables.DB),
    )
    for name in table
]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("arguments", "code", "told", "heavy"),
    [
        (["--help"], 0, "Find out where in a model", (*HEAVY, *RECORD)),
        (["study", "--help"], 0, "List all studies.", (*HEAVY, *RECORD)),
        (["study", "list"], 0, "recorded", HEAVY),
        (["runs", "recorded"], 0, "tiny_choice", HEAVY),
        (["study", "run", "bad.yaml"], 2, "backbonez: unknown key", (*HEAVY, *RECORD)),
        (["study", "check", "bad.yaml"], 2, "backbonez: unknown key", (*HEAVY, *RECORD)),
    ],
)
def test_what_needs_no_model_loads_no_heavy_library(
    folder: Path, arguments: list[str], code: int, told: str, heavy: tuple[str, ...]
) -> None:
    (folder / "bad.yaml").write_text("name: bad\nbackbonez: [tiny-qwen3]\n")
    script = SHOW.format(heavy=set(heavy), arguments=arguments)
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert answer.returncode == code, answer.stderr
    assert told in answer.stdout + answer.stderr
    assert answer.stdout.splitlines()[-1] == "LOADED"


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_of_the_tables_has_its_help(words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(tables.app, [*words, "--help"], terminal_width=200)
    assert shown.exit_code == 0
    table = dict(zip(("study", "data", "db"), (tables.STUDY, tables.DATA, tables.DB), strict=True))
    module = table.get(words[0], tables.COMMANDS)[words[-1]]
    assert LazyCommand(words[-1], module).help.replace("`", "") in " ".join(shown.output.split())


def test_every_example_in_a_help_is_a_command_with_its_options() -> None:
    folder = Path(tables.__file__).parent / "commands"
    texts = [ast.get_docstring(node) or "" for node in _functions(folder)]
    examples = [
        e for text in texts for e in re.findall(r"Example: `(?:\S+=\S+ )?talan (.+?)`", text)
    ]
    assert len(examples) >= 15
    for example in examples:
        words = example.partition(" > ")[0].split()  # behind it stands where the output goes
        command: Any = typer.main.get_command(tables.app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        with command.make_context(command.name, words) as context:
            assert context.params


def _functions(folder: Path) -> Iterator[ast.FunctionDef]:
    for file in folder.rglob("*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                yield node


def test_a_table_that_names_no_function_is_noticed_at_once() -> None:
    app = lazy_group({"spell": "runs.spell"}, name="wrong")
    with pytest.raises(ImportError):
        typer.main.get_command(app)
