"""Methods other than TALAN: our Table 2 and Table 9, and what each run took."""

from __future__ import annotations

from collections.abc import Sequence

from api.cli.tables.style import console, show, signed, table_of
from dashboards.wording import NO_METHODS, cost_words, split_words
from search.methods.rows import MethodRow
from search.methods.summaries import summarised


def show_methods(rows: Sequence[MethodRow]) -> None:
    """Deltas by method and host, then cost and fairness of each run."""
    if not rows:
        console.print(NO_METHODS)
        return
    show_deltas(rows)
    for row in rows:
        _show_run(row)


def show_deltas(rows: Sequence[MethodRow]) -> None:
    """Our Table 2 and Table 9 in one."""
    benchmarks = list(dict.fromkeys(name for row in rows for name in row.run.cells))
    table = table_of("method", "host", "mean", "95%", "null", "cells >= 0", "G1", *benchmarks)
    found = summarised(rows)
    for one in found:
        low, high = one.interval or (None, None)
        table.add_row(
            one.label,
            f"{one.backbone} {one.adapter}",
            signed(one.mean_delta),
            "" if low is None else f"{signed(low)} to {signed(high)}",
            signed(one.null_mean),
            f"{one.not_below} / {len(one.cells)}" if one.cells else "",
            split_words(one.verdicts),
            *(signed(one.cells.get(name)) for name in benchmarks),
        )
    show(table, keys=2)
    methods = dict.fromkeys(one.interval_method for one in found if one.interval)
    if methods:
        console.print(f"\n95%: {'; '.join(methods)}. Deltas in pp against the matched baseline.")


def _show_run(row: MethodRow) -> None:
    run = row.run
    error = f": {run.error}" if run.error else ""
    console.print(
        f"\n[bold]{row.words}[/bold]\n  {run.backbone} {run.adapter}, seed {run.seed}, "
        f"run {run.id}, {run.state}{error}"
    )
    if not row.notes:
        return
    console.print(f"  {row.fairness}\n  {cost_words(row.cost)}\n  null: {row.null_name}")
    for sentence in row.unmatched:
        console.print(f"  not matched: {sentence}")
