"""The study's G1 rates next to the published ones.

Owns: the facts as a frame, and the figure. Does not cover: the published figures and what chance
gives at their discordance (``search.rates.reference``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures import g1_rates
from dashboards.figures.hovers import host_lines
from dashboards.figures.theme import framed, palette
from dashboards.study_frames import Records
from dashboards.wording import G1_MEANING, percent, safe
from search.rates.reference import published_chance, published_rates, published_total

TITLE = "G1 rates next to the published ones"
STUDY, PUBLISHED = "this study", "published"
COLUMNS = ("source", "host", "runs", "g1", "rate", "low", "high")


def facts(record: Records) -> pd.DataFrame:
    """One row per host: this study's, then the paper's."""
    ours = g1_rates.facts(record).assign(source=STUDY)
    tables = [table.reindex(columns=list(COLUMNS)) for table in (ours, _published())]
    filled = [table.dropna(axis="columns", how="all") for table in tables if not table.empty]
    return pd.concat(filled, ignore_index=True).reindex(columns=list(COLUMNS))


@lru_cache(maxsize=1)
def _published() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                **{key: row[key] for key in ("runs", "g1", "rate")},
                "source": PUBLISHED,
                "host": row["backbone"],
                "low": row["interval"][0],
                "high": row["interval"][1],
            }
            for row in published_rates()
        ]
    )


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw one point per host: filled for this study, hollow for the paper."""
    table = facts(record)
    colours = palette(theme)
    figure = go.Figure()
    looks = {STUDY: (colours.gain, "circle"), PUBLISHED: (colours.series[1], "circle-open")}
    for source, (colour, symbol) in looks.items():
        rows = table[table["source"] == source]
        if not rows.empty:
            figure.add_trace(_points(rows, source, colour=colour, symbol=symbol))
    figure.update_xaxes(title_text="G1 rate", tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(
        tickvals=list(table.index),
        ticktext=[host_lines(host) for host in table["host"]],
        range=[len(table) - 0.4, -0.7],
        showgrid=False,
    )
    height = 160 + 44 * len(table)
    framed(figure, theme=theme, title=TITLE, height=height, notes=_notes())
    return figure.update_layout(showlegend=True)


def _points(rows: pd.DataFrame, source: str, *, colour: str, symbol: str) -> go.Scatter:
    return go.Scatter(
        name=source,
        x=rows["rate"],
        y=list(rows.index),
        mode="markers+text",
        text=[percent(rate) for rate in rows["rate"]],
        textposition="top center",
        cliponaxis=False,
        marker={"size": 10, "color": colour, "symbol": symbol, "line": {"width": 2}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": rows["high"] - rows["rate"],
            "arrayminus": rows["rate"] - rows["low"],
            "color": colour,
            "thickness": 1.5,
            "width": 4,
        },
        hovertext=[_hover(row) for row in rows.to_dict("records")],
        hoverinfo="text",
    )


def _hover(row: Any) -> str:
    known = pd.notna(row["low"])
    bounds = f" ({percent(row['low'])} to {percent(row['high'])})" if known else ""
    return "<br>".join(
        [
            f"<b>{safe(row['host'])}</b>, {row['source']}",
            f"{row['g1']} G1 of {row['runs']} runs: {percent(row['rate'])}{bounds}",
            G1_MEANING,
        ]
    )


def _notes() -> list[str]:
    total = published_total()
    return [
        "Published: arXiv:2606.06902v1, Table 10 (CC BY 4.0), on other backbones, benchmarks and "
        "a design it does not state; exact 95% intervals are computed from its counts.",
        f"Its total of {total['g1']} in {total['runs']} runs is a count: each host has a baseline "
        "of its own. It has no null runs; at its discordance chance alone gives "
        f"{percent(published_chance().rate)} on average over baselines.",
    ]
