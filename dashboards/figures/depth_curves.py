"""Depth curves of all analysed runs of a study, on one scale with the null runs' (Figures 3, 5-8).

Owns: the facts and the figure. Does not cover: one run's curves with its band (``depth_lines``).
"""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, framed, palette
from dashboards.study_frames import Records, together
from dashboards.study_mechanism import CURVE_COLUMNS
from storage import NULL_KINDS

TITLE = "Distance from the baseline by depth"
_NOTES = (
    "Each line is a run, on prompts alone; grey lines are null runs, which have no mechanism. "
    "Growth with depth is what any perturbation does. A dot is where a run's block is.",
)


def facts(record: Records) -> pd.DataFrame:
    """One row per run and layer: run, kind, block, layer, relative_l2, block_off_relative_l2."""
    curves = [found.curves for found in together(record).mechanisms]
    filled = [curve for curve in curves if not curve.empty]
    if not filled:
        return pd.DataFrame(columns=list(CURVE_COLUMNS))
    return pd.concat(filled, ignore_index=True)


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw one line per run, null runs behind."""
    table = facts(record)
    if table.empty:
        return blank("no run is analysed: talan analyse RUN_ID", theme=theme, title=TITLE)
    colours = palette(theme)
    figure = go.Figure()
    is_null = table["kind"].isin(NULL_KINDS)
    for name, rows, colour in (
        ("null runs", table[is_null], colours.zero),
        ("runs", table[~is_null], colours.gain),
    ):
        for place, (run, curve) in enumerate(rows.groupby("run", sort=False)):
            shown = curve[curve["relative_l2"].fillna(0) > 0]
            at = shown[shown["layer"] == shown["block"]]
            figure.add_trace(
                go.Scatter(
                    name=name,
                    legendgroup=name,
                    showlegend=place == 0,
                    x=shown["layer"],
                    y=shown["relative_l2"],
                    mode="lines",
                    line={"color": colour, "width": 1.5},
                    customdata=[run] * len(shown),
                    hovertemplate="run %{customdata}<br>layer %{x}: %{y:.3g}<extra></extra>",
                )
            )
            if not at.empty:
                figure.add_trace(
                    go.Scatter(
                        x=at["layer"],
                        y=at["relative_l2"],
                        mode="markers",
                        marker={"color": colour, "size": 7},
                        hoverinfo="skip",
                        showlegend=False,
                    )
                )
    figure.update_xaxes(title_text="layer that the stream enters")
    figure.update_yaxes(title_text="relative L2 distance", type="log", exponentformat="power")
    figure.update_layout(showlegend=True)
    return framed(figure, theme=theme, title=TITLE, height=380, notes=_NOTES)
