"""(B) The mixers' frontier: the best mean delta against the G1 rate.

Owns: the facts as a frame, and the figure. The best is taken over all runs with a verdict, G1 or
not (our choice: the paper does not say); the best of many is biased upward, the more the more runs.
Does not cover: rates (``dashboards.rates``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, colours_of, framed, palette
from dashboards.rates import rate_rows
from dashboards.study_frames import Records, together
from dashboards.wording import G1_MEANING, early_note, percent, pp, safe
from storage.verdict import STRICT

TITLE = "Mixers: best mean delta against G1 rate"
COLUMNS = ("host", "mixer", "runs", "g1", "rate", "low", "high", "best", "best_strict", "best_run")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")


def facts(record: Records) -> pd.DataFrame:
    """One row per host and mixer: its G1 rate, its best mean delta, and that of strict G1 runs."""
    found = together(record)
    runs = found.scored
    rows = []
    for row in rate_rows(found, by="mixer", with_tests=False):
        same = (runs[["study", "backbone", "adapter"]] == list(row.host)).all(axis=1) & (
            runs["mixer"] == row.count.value
        )
        group = runs[same]
        best = group.sort_values("mean_delta", ascending=False, na_position="last").iloc[0]
        low, high = row.interval or (math.nan, math.nan)
        rows.append(
            {
                "runs": row.count.runs,
                "g1": row.count.g1,
                "rate": row.rate,
                "host": best["host"],
                "mixer": row.count.value,
                "low": low,
                "high": high,
                "best": best["mean_delta"],
                "best_strict": group.loc[group["verdict"] == STRICT, "mean_delta"].max(),
                "best_run": best["id"],
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw one point per mixer; hosts by colour, mixers by shape (by name with one host)."""
    found = together(record)
    table = facts(found)
    if table.empty:
        return blank("no run has a verdict yet", theme=theme, title=TITLE)
    colours = colours_of(found.host_labels, theme=theme)
    mixers = sorted(table["mixer"].unique())
    symbols = dict(zip(mixers, _SYMBOLS * len(mixers), strict=False))
    hosts = list(table["host"].unique())
    figure = go.Figure()
    for host in hosts:
        points = table[table["host"] == host]
        figure.add_trace(
            _points(points, colour=colours[host], symbols=symbols, labelled=len(hosts) == 1)
        )
    if len(hosts) > 1:
        for mixer in mixers:
            figure.add_trace(_key(mixer, symbols[mixer], colour=palette(theme).quiet))
    figure.add_hline(y=0, line={"color": palette(theme).zero, "width": 1}, layer="below")
    end = min(1.03, float(table[["rate", "high"]].max().max()) * 1.15 + 0.01)
    figure.update_xaxes(title_text="G1 rate", tickformat=".0%", range=[-0.02 * end, end])
    figure.update_yaxes(title_text="best mean delta (pp)")
    figure.update_layout(showlegend=len(hosts) > 1)
    height = 380 + (18 * (len(hosts) + len(mixers)) if len(hosts) > 1 else 0)
    return framed(
        figure,
        theme=theme,
        title=TITLE,
        height=height,
        notes=(*_NOTES, early_note(found.num_ended_early)),
    )


_NOTES = (
    "Bars are exact 95% intervals of the rate. The best of many runs is biased upward, the more "
    "the more runs there are.",
)


def _points(
    points: pd.DataFrame, *, colour: str, symbols: Mapping[str, str], labelled: bool
) -> go.Scatter:
    return go.Scatter(
        name=safe(points["host"].iloc[0]),
        x=points["rate"],
        y=points["best"],
        mode="markers+text" if labelled else "markers",
        text=[safe(mixer) for mixer in points["mixer"]],
        textposition=[_place(points, at) for at in range(len(points))],
        marker={
            "size": 12,
            "color": colour,
            "symbol": [symbols[mixer] for mixer in points["mixer"]],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": points["high"] - points["rate"],
            "arrayminus": points["rate"] - points["low"],
            "color": colour,
            "thickness": 1,
            "width": 0,
        },
        hovertext=[_hover(row) for row in points.to_dict("records")],
        hoverinfo="text",
    )


def _place(points: pd.DataFrame, at: int) -> str:
    """Labels lean away from the frame's nearer side."""
    rates = points["rate"]
    middle = (rates.min() + rates.max()) / 2
    side = "center" if len(points) == 1 else "left" if rates.iloc[at] > middle else "right"
    return f"top {side}"


def _key(mixer: str, symbol: str, *, colour: str) -> go.Scatter:
    """An entry of the legend for a shape."""
    return go.Scatter(
        name=safe(mixer),
        x=[None],
        y=[None],
        mode="markers",
        marker={"symbol": symbol, "color": colour, "size": 10},
    )


def _hover(row: Mapping[Any, Any]) -> str:
    known = pd.notna(row["low"])
    bounds = f" ({percent(row['low'])} to {percent(row['high'])})" if known else ""
    return "<br>".join(
        [
            f"<b>{safe(row['mixer'])}</b>, {safe(row['host'])}",
            f"{row['g1']} G1 of {row['runs']} runs: {percent(row['rate'])}{bounds}",
            f"best mean delta {pp(row['best'])} (run {safe(row['best_run'])})",
            f"best strict G1 run {pp(row['best_strict']) or 'none'}",
            G1_MEANING,
        ]
    )
