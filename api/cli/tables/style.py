"""How every table of ours looks in a terminal.

Owns: the console, empty tables, signs and percentages. Does not cover: any table.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

console = Console(highlight=False)


def table_of(*headings: str) -> Table:
    """An empty table as all screens have it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def signed(value: float | None) -> str:
    """A delta with its sign; empty where there is none."""
    return "" if value is None else f"{value:+.2f}"


def percent(rate: float | None) -> str:
    """A fraction as a percentage."""
    return "" if rate is None else f"{100 * rate:.1f}%"
