"""The report's table of methods other than TALAN: our Table 2 and Table 9, with nulls and cost.

Owns: headings, rows and notes. Does not cover: the summaries (``search.methods``).
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.text_table import NOTHING, Table
from dashboards.wording import pp, split_words
from search.methods.summaries import MethodSummary


def methods_table(found: Sequence[MethodSummary]) -> Table | None:
    """One row per method and host; None where the study has no methods."""
    if not found:
        return None
    names = list(dict.fromkeys(name for one in found for name in one.cells))
    return Table(
        "Methods other than TALAN",
        (
            *("method", "host", "mean delta", "95% interval", "its null", "cells >= 0", "verdict"),
            *names,
            *("training, s", "preparation, s", "parameters", "s for 1,000 answer tokens"),
        ),
        tuple(_row(one, names) for one in found),
        notes=(
            *(f"{one.words}: {_said(one)}" for one in found if one.first.notes),
            "Cost is that of the first seed. Methods are in no G1 rate of the configurations.",
        ),
        numbers=frozenset({2, 3, 4, 5, *range(7, 11 + len(names))}),
    ).without_empty()


def _row(one: MethodSummary, names: Sequence[str]) -> tuple[str, ...]:
    cost, interval = one.first.cost, one.interval
    return (
        one.label,
        f"{one.backbone} {one.adapter}",
        pp(one.mean_delta),
        NOTHING if interval is None else f"{pp(interval[0])} to {pp(interval[1])}",
        pp(one.null_mean),
        f"{one.not_below} of {len(one.cells)}" if one.cells else NOTHING,
        split_words(one.verdicts) or one.first.run.state,
        *(pp(one.cells.get(name)) for name in names),
        NOTHING if cost.training_s is None else f"{cost.training_s:.1f}",
        NOTHING if cost.preparation_s is None else f"{cost.preparation_s:.1f}",
        NOTHING if cost.parameters is None else f"{cost.parameters:,}",
        NOTHING if cost.seconds_per_1k_tokens is None else f"{cost.seconds_per_1k_tokens:.2f}",
    )


def _said(one: MethodSummary) -> str:
    """How it was trained, its null, and what is not matched."""
    return " ".join(
        (one.first.fairness, f"Null: {one.first.null_name}.", *one.first.unmatched)
    ).strip()
