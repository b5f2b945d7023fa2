"""Methods other than TALAN: mean delta by method and host, next to the method's null.

Owns: the facts as a frame, and the figure: our Table 2 as a drawing. An interval is the paired one
of a run's items (with several seeds, of each run by itself). Does not cover: Table 9, which is the
study page's and ``talan methods``' table.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, colours_of, framed, palette
from dashboards.study_frames import Records, StudyRecord, together
from dashboards.wording import counted, pp, safe, verdict_words
from search.statistics.cell_tests import run_tests
from search.statistics.pairs import Pairs
from search.study.method_words import method_words
from storage import METHOD, METHOD_NULL

TITLE = "Methods other than TALAN"
_LINE = 26  # characters that a phone has room for next to the drawing
COLUMNS = (
    *("host", "method", "seed", "run", "mean_delta", "low", "high", "verdict", "g1"),
    *("not_below", "cells", "null_mean"),
)


def facts(record: Records) -> pd.DataFrame:
    """One row per method, host and seed: mean delta with its paired interval, and its null's."""
    found = together(record)
    done = found.runs[found.runs["mean_delta"].notna()]
    nulls = {_key(run): run.mean_delta for run in _of_kind(done, METHOD_NULL)}
    rows = [_row(found, run, null=nulls.get(_key(run))) for run in _of_kind(done, METHOD)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw one point per run with its interval; hollow: the method's null."""
    found = together(record)
    table = facts(found)
    if table.empty:
        reason = "the study asks for no methods other than TALAN, or none has a delta yet"
        return blank(reason, theme=theme, title=TITLE)
    colours = colours_of(found.host_labels, theme=theme)
    figure = go.Figure()
    hosts = list(table["host"].unique())
    for place, host in enumerate(hosts):
        rows = table[table["host"] == host]
        shift = (place + 1) / (len(hosts) + 1) - 0.5
        figure.add_trace(_points(rows, table, colour=colours[host], shift=shift))
        figure.add_trace(_nulls(rows, table, colour=palette(theme).null, shift=shift))
    names = list(table["method"].unique())
    figure.add_vline(x=0, line={"color": palette(theme).zero, "width": 1}, layer="below")
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=["<br>".join(map(safe, wrap(name, _LINE))) for name in names],
        range=[len(names) - 0.5, -0.5],
    )
    figure.update_xaxes(title_text="mean delta against the matched baseline (pp)")
    figure.update_layout(showlegend=True)
    return framed(
        figure, theme=theme, title=TITLE, height=190 + 34 * len(names) * len(hosts), notes=_NOTES
    )


_NOTES = (
    "Bars are 95% paired intervals over items. Hollow points are each method's null: what it does "
    "without its mechanism. Methods are in no G1 rate of the configurations.",
)


def _of_kind(runs: pd.DataFrame, kind: str) -> list[Any]:
    return list(runs[runs["kind"] == kind].itertuples(index=False))


def _key(run: Any) -> tuple[str, str, int]:
    return run.host, run.method, int(run.baseline_seed)


def _row(record: StudyRecord, run: Any, *, null: float | None) -> dict[str, Any]:
    cells = record.cells[record.cells["run_id"] == run.id]
    low, high = _interval(cells) or (math.nan, math.nan)
    return {
        "host": run.host,
        "method": method_words(json.loads(run.method)),
        "seed": int(run.seed),
        "run": run.id,
        "mean_delta": run.mean_delta,
        "low": low,
        "high": high,
        "verdict": run.verdict,
        "g1": run.g1,
        "not_below": int(cells["delta"].ge(0).to_numpy().sum()),
        "cells": len(cells),
        "null_mean": math.nan if null is None else null,
    }


def _interval(cells: pd.DataFrame) -> tuple[float, float] | None:
    if cells[["helped", "hurt"]].isna().any(axis=None):
        return None
    pairs = {
        cell["benchmark"]: Pairs(cell["helped"], cell["hurt"], cell["n_items"])
        for cell in cells.to_dict("records")
    }
    return run_tests(pairs).mean_interval


def _places(rows: pd.DataFrame, table: pd.DataFrame, shift: float) -> list[float]:
    order = {name: place for place, name in enumerate(table["method"].unique())}
    return [order[name] + 0.6 * shift for name in rows["method"]]


def _points(rows: pd.DataFrame, table: pd.DataFrame, *, colour: str, shift: float) -> go.Scatter:
    return go.Scatter(
        name=safe(rows["host"].iloc[0]),
        x=rows["mean_delta"],
        y=_places(rows, table, shift),
        mode="markers",
        marker={"size": 10, "color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": rows["high"] - rows["mean_delta"],
            "arrayminus": rows["mean_delta"] - rows["low"],
            "color": colour,
            "thickness": 1.5,
            "width": 0,
        },
        hovertext=[_hover(row) for row in rows.to_dict("records")],
        hoverinfo="text",
    )


def _nulls(rows: pd.DataFrame, table: pd.DataFrame, *, colour: str, shift: float) -> go.Scatter:
    return go.Scatter(
        name=f"null, {safe(rows['host'].iloc[0])}",
        x=rows["null_mean"],
        y=_places(rows, table, shift),
        mode="markers",
        marker={"size": 10, "symbol": "circle-open", "color": colour, "line": {"width": 2}},
        hovertext=[
            f"null of <b>{safe(row['method'])}</b><br>mean delta {pp(row['null_mean'])}"
            for row in rows.to_dict("records")
        ],
        hoverinfo="text",
    )


def _hover(row: Mapping[Any, Any]) -> str:
    bounds = f" ({pp(row['low'])} to {pp(row['high'])})" if pd.notna(row["low"]) else ""
    return "<br>".join(
        [
            f"<b>{safe(row['method'])}</b>, {safe(row['host'])}, seed {row['seed']}",
            f"mean delta {pp(row['mean_delta'])}{bounds}",
            f"{row['not_below']} of {counted(row['cells'], 'benchmark')} not below the baseline",
            verdict_words(row["g1"], row["verdict"]) or "no verdict",
        ]
    )
