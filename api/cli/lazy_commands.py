"""Commands that are imported when they are called, so that ``talan --help`` starts at once.

Owns: a group made of a table, command to module. A command is the function of its module's name;
its line in the group's help is the first of that function's docstring, read from the source without
running it. Modules may therefore import what they need at their top. Does not cover: the commands.
"""

from __future__ import annotations

import ast
import gc
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = "api.cli.commands"


def lazy_group(commands: Mapping[str, str], **settings: Any) -> typer.Typer:
    """A group of commands.

    Args:
        commands: Module below ``api.cli.commands`` by the command's name.
        settings: As ``typer.Typer`` takes them.
    """

    class Group(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            lazy = {name: LazyCommand(name, module) for name, module in commands.items()}
            super().__init__(**{**attributes, "commands": {**attributes["commands"], **lazy}})

    return typer.Typer(
        cls=Group,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        callback=lambda: None,  # a group without commands of Typer's own needs one
        **settings,
    )


class LazyCommand(TyperCommand):
    """Stands in a group for the command of a module, and becomes it when it is called."""

    def __init__(self, name: str, module: str) -> None:
        self._module, self._function = f"{COMMANDS}.{module}", module.rpartition(".")[2]
        super().__init__(name=name, callback=None, rich_markup_mode="markdown")
        self.help = _summary(self._module, self._function)

    def make_context(
        self, info_name: str | None, args: list[str], parent: object = None, **extra: object
    ) -> Any:
        """The real command's context."""
        return self.loaded().make_context(info_name, args, parent=parent, **extra)

    def loaded(self) -> Any:
        """The real command, with its arguments and options."""
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        gc.disable()  # nothing of it is garbage, and to look for some takes a quarter of the time
        try:
            module = import_module(self._module)
        finally:
            gc.enable()
        settings = getattr(module, "CONTEXT_SETTINGS", None)
        alone.command(self.name, context_settings=settings)(getattr(module, self._function))
        return typer.main.get_command(alone)


@cache
def _summary(module: str, function: str) -> str:
    spec = find_spec(module)
    source = spec.loader.get_source(module) if spec and spec.loader else None  # type: ignore[attr-defined]
    for node in ast.parse(source or "").body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    msg = f"module {module} has no function {function}"
    raise ImportError(msg)
