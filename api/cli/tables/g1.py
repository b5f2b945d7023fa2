"""G1 rates, one row per host or value of an axis.

Owns: how rates, intervals, tests and null runs look, and which columns these rows need. Does not
cover: their values, nor what is said of them (``search.rates``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.cli.tables.style import console, percent, show, table_of
from dashboards.wording import p_cell
from search.study.axes import axis_label

if TYPE_CHECKING:  # scipy takes a second to import, and help pages need none of it
    from search.rates.g1_row import G1Row

# Headings that are wider than what stands below them take two lines.
_FOLDED = {
    "G1 = strict + tied + inert": "G1 = strict\n+ tied + inert",
    "rate (strict)": "rate\n(strict)",
    "rotation p (strict)": "rotation p\n(strict)",
    "p against null": "p against\nnull",
}


def show_g1(rows: Sequence[G1Row]) -> None:
    """G1 rates with their split, tests and null runs, and what is to be said of them."""
    if not rows:
        console.print("No completed run yet.")
        return
    axis = rows[0].count.axis
    several = len({row.count.study for row in rows}) > 1
    table = table_of(*(["study"] if several else []), "host", "design", *([axis] if axis else []))
    keys = len(table.columns)
    columns = {**_counts(rows), **references(rows)}
    for heading in columns:
        table.add_column(_FOLDED.get(heading, heading), justify="right")
    for at, row in enumerate(rows):
        count = row.count
        table.add_row(
            *([count.study] if several else []),
            f"{count.backbone} {count.adapter}",
            count.design,
            *([axis_label(axis, count.value)] if axis else []),
            *(texts[at] for texts in columns.values()),
        )
    show(table, keys=keys)
    for note in notes(rows):
        console.print(note, style="dim")


def show_published(rows: Sequence[Mapping[str, Any]], total: Mapping[str, int]) -> None:
    """The published rates, host by host; their total is a count."""
    table = table_of("host", "design")
    for heading in ("runs", "G1", "rate", "95% interval"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            f"{row['backbone']} {row['adapter']}",
            row["design"],
            str(row["runs"]),
            str(row["g1"]),
            percent(row["rate"]),
            _bounds(row["interval"]),
        )
    show(table)
    console.print(
        f"In all {total['g1']} of {total['runs']}: a count, each host has a baseline of its own.",
        style="dim",
    )


def references(rows: Sequence[G1Row]) -> dict[str, list[str]]:
    """What is shown next to the rates: columns that some of these rows fill."""
    kinds = dict.fromkeys(name for row in rows for name in row.null)
    columns = {
        "rotation p (strict)": [_rotation(row) for row in rows],
        "by chance": [_expected(row) for row in rows],
        **{f"{name} null": [_null(row, name) for row in rows] for name in kinds},
        "p against null": [p_cell(row.null_p) for row in rows],
    }
    return {heading: texts for heading, texts in columns.items() if any(texts)}


def notes(rows: Sequence[G1Row]) -> list[str]:
    """What the columns are, and what is to be said of each host; by axis, the corrections alone."""
    found = []
    if any(row.count.unsplit for row in rows):
        found.append("?: tied or inert; nobody compared the responses of those runs.")
    rotated = max((row.rotation.num_tests for row in rows if row.rotation), default=1)
    if rotated > 1:
        found.append(f"p: corrected over {rotated} values (Benjamini and Hochberg).")
    if rows[0].count.axis is not None:
        reasons = (row.rotation_reason for row in rows)
        return [*found, *dict.fromkeys(reason for reason in reasons if reason)]
    several = len(rows) > 1
    for row in rows:
        label = f"{row.count.backbone} {row.count.adapter}: " if several else ""
        found += [f"{label}{sentence}" for sentence in row.sentences]
    return found


def _counts(rows: Sequence[G1Row]) -> dict[str, list[str]]:
    return {
        "runs": [str(row.count.runs) for row in rows],
        "G1 = strict + tied + inert": [_split(row) for row in rows],
        "rate (strict)": [f"{percent(row.rate)} ({percent(row.strict_rate)})" for row in rows],
        "95% interval": ["" if row.interval is None else _bounds(row.interval) for row in rows],
    }


def _split(row: G1Row) -> str:
    count = row.count
    unsplit = f" + {count.unsplit}?" if count.unsplit else ""
    return f"{count.g1} = {count.strict} + {count.tied} + {count.inert}{unsplit}"


def _bounds(interval: Sequence[float]) -> str:
    low, high = interval
    return f"{percent(low)} - {percent(high)}"


def _rotation(row: G1Row) -> str:
    p = p_cell(row.rotation_p)
    return p and f"{p} ({p_cell(row.rotation_strict_p)})"


def _expected(row: G1Row) -> str:
    if row.expected is None:
        return ""
    low, high = row.expected.g1_interval
    return f"{row.expected.g1:.1f} ({low}-{high})"


def _null(row: G1Row, name: str) -> str:
    null = row.null.get(name)
    return "" if null is None else f"{null.g1}/{null.runs} {percent(null.rate)}"
