"""The reference of the command line, as Markdown, from the commands themselves.

Owns: one section a command: usage, help, arguments and options. Does not cover: the commands
(``api.cli``), nor the site around the page (``tools.help.site_hooks``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import typer

from api.cli.app import app
from api.cli.lazy_commands import LazyCommand

HEAD = """# Commands

Generated from the commands; `talan COMMAND --help` says the same.

"""


def commands_page() -> str:
    """All commands, groups in the order of ``talan --help``."""
    return HEAD + "\n".join(_section(path, command) for path, command in _walk("talan", _root()))


def _root() -> Any:
    return typer.main.get_command(app)


def _walk(path: str, group: Any) -> Iterator[tuple[str, Any]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        where = f"{path} {name}"
        if isinstance(command, LazyCommand):
            yield where, command.loaded()
        else:
            yield from _walk(where, command)


def _section(path: str, command: Any) -> str:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = [p for p in shown if p.param_type_name == "argument"]
    options = [p for p in shown if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([path, *(["[OPTIONS]"] if options else []), *map(_metavar, arguments)])
    lines = [f"## {path}", "", "```text", usage, "```", "", (command.help or "").strip(), ""]
    for title, parameters in (("Argument", arguments), ("Option", options)):
        if parameters:
            lines += [f"| {title} | what it is |", "| --- | --- |"]
            lines += [_row(parameter) for parameter in parameters]
            lines.append("")
    return "\n".join(lines)


def _metavar(argument: Any) -> str:
    name = str(argument.metavar or argument.name).upper()
    return name if argument.required else f"[{name}]"


def _row(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = f"`{_metavar(parameter)}`"
    default = parameter.default
    said = (getattr(parameter, "help", None) or "").replace("|", "\\|").replace("\n", " ")
    if default is not None and not callable(default) and default is not False and default != ():
        said += f" Default: `{default}`."
    return f"| {names} | {said} |"
