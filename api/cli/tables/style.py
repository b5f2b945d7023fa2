"""How every table of ours looks in a terminal.

Owns: the console, empty tables, tables that are wider than the terminal, signs and percentages.
Does not cover: any table.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Column, Table

console = Console(highlight=False)
_NO_LIMIT = 10_000
_NAME_WIDTH = 24  # what names of rows may take where numbers need the room


def table_of(*headings: str) -> Table:
    """An empty table as all screens have it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def show(table: Table, *, keys: int = 1) -> None:
    """Print a table; one that is too wide goes below itself in parts.

    Args:
        table: The table.
        keys: How many columns at its start name a row: every part repeats them.
    """
    if fits(table):
        console.print(table)
        return
    named, rest = table.columns[:keys], table.columns[keys:]
    while rest:
        number = len(rest)
        while number > 1 and not fits(_part([*named, *rest[:number]], keys=keys)):
            number -= 1
        console.print(_part([*named, *rest[:number]], keys=keys))
        rest = rest[number:]
        if rest:
            console.print()


def fits(table: Table) -> bool:
    """Whether the terminal is wide enough for a table with no cell folded."""
    natural = console.measure(table, options=console.options.update(max_width=_NO_LIMIT))
    return natural.maximum <= console.width


def _part(columns: Sequence[Column], *, keys: int) -> Table:
    """Some columns of a table; long names of rows fold, so that numbers have room."""
    table = table_of()
    for at, column in enumerate(columns):
        most = _NAME_WIDTH if at < keys else None
        table.add_column(column.header, justify=column.justify, overflow="fold", max_width=most)
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*cells)
    return table


def signed(value: float | None) -> str:
    """A delta with its sign; empty where there is none."""
    return "" if value is None else f"{value:+.2f}"


def percent(rate: float | None) -> str:
    """A fraction as a percentage."""
    return "" if rate is None else f"{100 * rate:.1f}%"
