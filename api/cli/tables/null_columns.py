"""What stands beside a G1 rate for people: its null rates, or what chance alone gives.

Owns: the columns and the notes that say what they are. Does not cover: their values
(``search.rates.g1_rates``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from api.cli.tables.style import percent

Row = Mapping[str, Any]


def null_columns(rows: Sequence[Row]) -> dict[str, Callable[[Row], str]]:
    """The columns that these rows need, by heading."""
    columns: dict[str, Callable[[Row], str]] = {}
    for kind in ("seed", "sham"):
        if any((row.get("null") or {}).get(kind) for row in rows):
            columns[f"{kind} null"] = partial(_null, kind=kind)
    if columns:
        columns["p"] = _p_value
    if any(row.get("expected") for row in rows):
        columns["by chance"] = _expected
    return columns


def null_notes(rows: Sequence[Row]) -> list[str]:
    """What the columns are, a sentence each."""
    notes = []
    tests = [row["test"] for row in rows if row.get("test")]
    if tests:
        tested = "p: Fisher's exact test of the rate against both nulls together, two-sided"
        several = max(test["num_tests"] for test in tests)
        if tests[0]["adjusted_p"] is not None:
            tested += f", corrected over {several} values (Holm)"
        notes.append(f"{tested}; against the same baseline, at the study's first seed.")
    if any(row.get("expected") for row in rows):
        notes.append(
            "by chance: computed, not measured, from how many items runs and baseline answer "
            "differently; one baseline's luck moves it widely. Measure it with null_runs."
        )
    return notes


def _null(row: Row, *, kind: str) -> str:
    null = (row.get("null") or {}).get(kind)
    return f"{null['g1']}/{null['runs']} {percent(null['rate'])}" if null else ""


def _p_value(row: Row) -> str:
    test = row.get("test")
    if not test:
        return ""
    p = test["fisher_p"] if test["adjusted_p"] is None else test["adjusted_p"]
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"


def _expected(row: Row) -> str:
    return percent(row["expected"]["rate"]) if row.get("expected") else ""
