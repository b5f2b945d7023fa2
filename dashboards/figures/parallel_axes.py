"""The six axes side by side, one line per run, coloured by mean delta.

Owns: the facts as a frame, and the figure; axes can be brushed. Does not cover: how much each axis
matters (``axis_importance``).
"""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import FONT, blank, framed, palette
from dashboards.study_frames import Records, together
from dashboards.wording import early_note
from search.study.axes import AXES, AXIS_NAMES, axis_tick

TITLE = "The six axes, by mean delta"
_MIN_WIDTH_PX = 640
_BAND = 0.7  # of the distance between two values


def facts(record: Records) -> pd.DataFrame:
    """One row per run with a mean delta, worst first: id, host, six axes, mean delta (pp), G1."""
    runs = together(record).scored
    table = runs[runs["mean_delta"].notna()].sort_values("mean_delta")[
        ["id", "host", *AXIS_NAMES, "mean_delta", "g1"]
    ]
    return table.reset_index(drop=True)


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw parallel coordinates: the best runs on top."""
    found = together(record)
    table = facts(found)
    if table.empty:
        return blank("no run has a mean delta yet", theme=theme, title=TITLE)
    colours = palette(theme)
    limit = max(0.5, float(table["mean_delta"].abs().quantile(0.98)))
    small = {"size": 11, "color": colours.quiet, "family": FONT}
    figure = go.Figure(
        go.Parcoords(
            dimensions=[
                *(_dimension(table, axis.name, label=axis.short) for axis in AXES),
                _deltas(table),
            ],
            line={
                "color": table["mean_delta"],
                "colorscale": colours.lines,
                "cmin": -limit,
                "cmax": limit,
            },
            labelfont={"size": 12, "color": colours.ink, "family": FONT},
            tickfont=small,
            rangefont={"size": 1, "color": "rgba(0,0,0,0)"},
            unselected_line={"color": colours.line, "opacity": 0.3},
        )
    )
    framed(
        figure,
        theme=theme,
        title=TITLE,
        height=420,
        notes=(*_NOTES, early_note(found.num_ended_early)),
    )
    figure.layout.meta = {**figure.layout.meta, "min_width": _MIN_WIDTH_PX}
    return figure.update_layout(margin={"l": 48, "r": 56, "t": 96, "b": 24})


_NOTES = (
    "A line is a run: blue gains on average over the baseline, orange loses; within each value "
    "runs stand by mean delta. Drag along an axis to keep only the runs that pass there.",
)


def _dimension(table: pd.DataFrame, axis: str, *, label: str) -> dict[str, object]:
    """Values of an axis at even distances, in order: alphas and gammas differ by powers.

    Each value is a band in which runs stand by mean delta, so that none hides the others.
    """
    values = sorted(table[axis].dropna().unique().tolist())
    texts = [axis_tick(value) for value in values]
    if table[axis].isna().any():
        texts.append("none")
    places = {value: place for place, value in enumerate(values)}
    bands = table[axis].map(lambda value: len(values) if pd.isna(value) else places[value])
    ranks = table["mean_delta"].groupby(bands.to_numpy()).rank(method="first", pct=True)
    shown = _some(list(range(len(texts))))
    return {
        "label": label,
        "values": (bands.astype(float) + _BAND * (ranks - 0.5)).round(3),
        "tickvals": shown,
        "ticktext": [texts[place] for place in shown],
        "range": [-0.5, len(texts) - 0.5],
    }


def _deltas(table: pd.DataFrame) -> dict[str, object]:
    return {"label": "mean delta (pp)", "values": table["mean_delta"], "tickformat": "+.1f"}


def _some(places: list[int]) -> list[int]:
    """At most a dozen ticks."""
    step = -(-len(places) // 12)
    return places[::step]
