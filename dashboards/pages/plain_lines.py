"""Parallel coordinates as plain lines, for pages whose policy lets no script make a script.

Owns: one trace that plotly.js draws by WebGL, with code that it makes as it goes, drawn as SVG
instead: the same lines, without brushing; a page filters by chips. Does not cover: any other trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from dashboards.wording import signed

_SHADES = 15
_BRUSHING = "Drag along an axis"


def without_webgl(figure: go.Figure) -> go.Figure:
    """The figure, with parallel coordinates as lines."""
    if not figure.data or figure.data[0].type != "parcoords":
        return figure
    trace = figure.data[0]
    drawn = go.Figure(list(_lines(trace)), layout=figure.layout)
    places = list(range(len(trace.dimensions)))
    for place, dimension in zip(places, trace.dimensions, strict=True):
        _add_axis(drawn, place, dimension, trace)
    drawn.update_xaxes(visible=False, range=[-0.75, places[-1] + 0.6])
    drawn.update_yaxes(visible=False, range=[-0.03, 1.12])
    drawn.update_layout(showlegend=False, hovermode=False, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    drawn.layout.meta = _meta(figure)
    return drawn


def _lines(trace: Any) -> Iterator[go.Scatter]:
    """A trace a shade, worst first, so that the best lie on top; lines are apart by gaps."""
    heights = np.array([_heights(dimension) for dimension in trace.dimensions]).T
    low, high = trace.line.cmin, trace.line.cmax
    share = np.clip((np.asarray(trace.line.color, dtype=float) - low) / (high - low), 0, 1)
    shades = np.minimum((share * _SHADES).astype(int), _SHADES - 1)
    scale = [list(entry) for entry in trace.line.colorscale]
    colours = sample_colorscale(scale, [(shade + 0.5) / _SHADES for shade in range(_SHADES)])
    for shade in sorted(set(shades.tolist())):
        some = heights[shades == shade]
        gaps = np.full((len(some), 1), np.nan)
        yield go.Scatter(
            x=np.tile([*range(heights.shape[1]), np.nan], len(some)),
            y=np.hstack([some, gaps]).ravel().round(4),
            mode="lines",
            line={"color": colours[shade], "width": 1},
            opacity=0.75,
            hoverinfo="skip",
        )


def _heights(dimension: Any) -> Sequence[float]:
    values = np.asarray(dimension["values"], dtype=float)
    low, high = dimension.range or (values.min(), values.max())
    found: Sequence[float] = (values - low) / ((high - low) or 1.0)
    return found


def _add_axis(figure: go.Figure, place: int, dimension: Any, trace: Any) -> None:
    colour = trace.tickfont.color
    line = {"color": colour, "width": 1}
    figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, line=line, opacity=0.5)
    figure.add_annotation(
        x=place,
        y=1.03,
        text=_folded(dimension.label),
        showarrow=False,
        yanchor="bottom",
        font_size=12,
    )
    for height, text in _ticks(dimension):
        figure.add_annotation(
            x=place,
            y=height,
            text=_folded(text),
            showarrow=False,
            xanchor="right",
            xshift=-4,
            font={"size": 11, "color": trace.labelfont.color},
            bgcolor=figure.layout.template.layout.paper_bgcolor,
            opacity=0.85,
        )


def _folded(label: str) -> str:
    """A word a line: a label has no more room than an axis is from the next."""
    return label.replace(" (", "<br>(").replace(" ", "<br>")


def _ticks(dimension: Any) -> Iterator[tuple[float, str]]:
    if dimension.tickvals is None:
        values = np.asarray(dimension["values"], dtype=float)
        yield from ((0.0, signed(values.min(), 1)), (1.0, signed(values.max(), 1)))
        return
    low, high = dimension.range
    for value, text in zip(dimension.tickvals, dimension.ticktext, strict=True):
        yield (value - low) / (high - low), text


def _meta(figure: go.Figure) -> dict[str, object]:
    """The captions, without what only WebGL's lines can do."""
    meta = dict(figure.layout.meta or {})
    notes = (str(note).partition(_BRUSHING)[0].strip() for note in meta.get("notes", []))
    return {**meta, "notes": [note for note in notes if note]}
