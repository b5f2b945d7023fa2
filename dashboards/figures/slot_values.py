"""(C) Slots: the best and the median mean delta by the number of slots T.

Owns: the facts as a frame, and the figure. Does not cover: which of several axes a difference
comes from (``search.follow_ups.importance``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, colours_of, framed, palette
from dashboards.study_frames import Records, together
from dashboards.wording import early_note, pp, safe

TITLE = "Slots: best and median mean delta"
COLUMNS = ("host", "slots", "runs", "g1", "best", "median")
_NOTES = (
    "Best: the largest mean delta at that T, which grows with the number of runs; median: half of "
    "the runs are below it.",
)


def facts(record: Records) -> pd.DataFrame:
    """One row per host and T: runs, G1 runs, best and median mean delta (pp)."""
    runs = together(record).scored
    grouped = runs.groupby(["host", "slots"], sort=True)
    table = grouped.agg(
        runs=("id", "size"),
        g1=("g1", "sum"),
        best=("mean_delta", "max"),
        median=("mean_delta", "median"),
    ).reset_index()
    known = table[table["best"].notna()].astype({"slots": int, "g1": int})
    return known[list(COLUMNS)].reset_index(drop=True)


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw two lines per host: best (solid) and median (dotted)."""
    found = together(record)
    table = facts(found)
    if table.empty:
        return blank("no run has a verdict yet", theme=theme, title=TITLE)
    colours = colours_of(found.host_labels, theme=theme)
    hosts = [host for host in found.host_labels if host in set(table["host"])]
    slots = sorted(table["slots"].unique())
    figure = go.Figure()
    for host in hosts:
        rows = table[table["host"] == host]
        for value, dash in (("best", "solid"), ("median", "dot")):
            figure.add_trace(_line(rows, value, colour=colours[host], dash=dash))
            if host == hosts[0]:
                colour = palette(theme).quiet if len(hosts) > 1 else colours[host]
                _label(figure, rows, value, places=slots, colour=colour)
    figure.add_hline(y=0, line={"color": palette(theme).zero, "width": 1}, layer="below")
    figure.update_xaxes(
        title_text="slots T",
        type="category",
        categoryorder="array",
        categoryarray=[str(value) for value in slots],
        range=[-0.35, len(slots) - 0.3 + 0.2 * (len(slots) - 1) + (len(slots) == 1)],
    )
    figure.update_yaxes(title_text="mean delta (pp)")
    figure.update_layout(showlegend=len(hosts) > 1)
    height = 360 + (20 * len(hosts) if len(hosts) > 1 else 0)
    return framed(
        figure,
        theme=theme,
        title=TITLE,
        height=height,
        notes=(*_NOTES, early_note(found.num_ended_early)),
    )


def _line(rows: pd.DataFrame, value: str, *, colour: str, dash: str) -> go.Scatter:
    host = rows["host"].iloc[0]
    return go.Scatter(
        name=safe(host),
        legendgroup=host,
        showlegend=value == "best",
        x=[str(slots) for slots in rows["slots"]],
        y=rows[value],
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": dash},
        marker={"size": 8 if value == "best" else 6},
        hovertext=[_hover(row, value) for row in rows.to_dict("records")],
        hoverinfo="text",
    )


def _label(
    figure: go.Figure,
    rows: pd.DataFrame,
    value: str,
    *,
    places: list[int],
    colour: str,
) -> None:
    """Name the line at its end."""
    last = rows.iloc[-1]
    figure.add_annotation(
        x=places.index(last["slots"]),
        y=last[value],
        text=value,
        showarrow=False,
        xanchor="left",
        xshift=9,
        font={"color": colour},
    )


def _hover(row: Mapping[Any, Any], value: str) -> str:
    return "<br>".join(
        [
            f"<b>T = {row['slots']}</b>, {safe(row['host'])}",
            f"{value} mean delta {pp(row[value])}",
            f"{row['g1']} G1 of {row['runs']} runs",
        ]
    )
