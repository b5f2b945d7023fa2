"""G1 rates, a row a host or a value of an axis.

Owns: how rates and intervals look. Does not cover: what stands beside them
(``api.cli.tables.null_columns``), nor their values (``search.rates``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.cli.tables.null_columns import null_columns, null_notes
from api.cli.tables.style import console, percent, table_of
from search.study.axes import axis_label


def show_g1(rows: Sequence[Mapping[str, Any]]) -> None:
    """G1 rates with their intervals, beside their null rates where rows have any."""
    if not rows:
        console.print("No completed run yet.")
        return
    axis = rows[0]["axis"]
    several = len({row["study"] for row in rows}) > 1
    table = table_of(*(["study"] if several else []), "host", "design", *([axis] if axis else []))
    references = null_columns(rows)
    for heading in ("runs", "G1", "rate", "95% interval", *references):
        table.add_column(heading, justify="right")
    for row in rows:
        low, high = row["interval"]
        table.add_row(
            *([row["study"]] if several else []),
            f"{row['backbone']} {row['adapter']}",
            row["design"],
            *([axis_label(axis, row["value"])] if axis else []),
            str(row["runs"]),
            str(row["g1"]),
            percent(row["rate"]),
            f"{percent(low)} - {percent(high)}",
            *(column(row) for column in references.values()),
        )
    console.print(table)
    for note in null_notes(rows):
        console.print(note, style="dim")
