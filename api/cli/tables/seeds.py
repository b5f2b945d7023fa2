"""Deltas over seeds for people: the columns of the paper's Tables 5, 16 and 17.

Owns: how a summary over seeds looks as a row. Does not cover: its values
(``search.statistics.seeds``).
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from dashboards.wording import pp_interval
from search.statistics.seeds import SeedSummary

HEADINGS = ("n", "mean (pp)", "std", "95% interval", "t", "p", "positive")


def seed_table_of(rows: Iterable[tuple[str, SeedSummary]], *, heading: str) -> Table:
    """A table with one row per summary."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(heading, overflow="fold")
    for name in HEADINGS:
        table.add_column(name, justify="right")
    for name, summary in rows:
        table.add_row(name, *seed_cells(summary))
    return table


def seed_cells(summary: SeedSummary) -> list[str]:
    """A summary in the table's columns; what one seed cannot tell is empty."""
    positive = "" if summary.positive is None else f"{summary.positive}/{summary.n}"
    return [
        str(summary.n),
        f"{summary.mean:+.2f}",
        _number(summary.std, ".2f"),
        pp_interval(summary.interval),
        _number(summary.t, ".2f"),
        _number(summary.two_sided, ".3f"),
        positive,
    ]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
