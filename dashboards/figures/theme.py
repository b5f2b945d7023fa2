"""How figures look: one palette, one template in a light and a dark variant.

Owns: colours, fonts, margins, the frame of every figure, and the blank figure that says why there
is nothing to draw. Colours are told apart by people with any colour vision (our choice, after
Okabe and Ito's hues) and never carry a meaning alone. Does not cover: what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from textwrap import wrap

import plotly.graph_objects as go

from dashboards.errors import FigureError

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', sans-serif"
NULL_NAME = "null rate"
CHANCE_NAME = "expected by chance"
_TITLE_PX = 36
_LINE = 44  # characters that fit a phone's width


@dataclass(frozen=True)
class Palette:
    """The colours of a variant.

    Args:
        surface: Behind everything.
        ink: Text.
        quiet: Labels of axes and lesser text.
        line: Grid lines.
        zero: The line at zero.
        gain: G1, and deltas above 0.
        loss: Deltas below 0.
        middle: A delta of 0.
        faint: Runs that are not G1, where G1 runs stand out.
        null: Null rates and null runs.
        series: Hosts, studies, values of an axis, in order.
    """

    surface: str
    ink: str
    quiet: str
    line: str
    zero: str
    gain: str
    loss: str
    middle: str
    faint: str
    null: str
    series: tuple[str, ...]

    @property
    def deltas(self) -> list[tuple[float, str]]:
        """A diverging scale for deltas."""
        return [(0.0, self.loss), (0.5, self.middle), (1.0, self.gain)]

    @property
    def lines(self) -> list[tuple[float, str]]:
        """The same for thin lines: their middle must not fade into the surface."""
        return [(0.0, self.loss), (0.5, self.zero), (1.0, self.gain)]


THEMES = {
    "light": Palette(
        surface="#ffffff",
        ink="#1c2430",
        quiet="#5b6675",
        line="#e7eaee",
        zero="#9aa4b1",
        gain="#0b66a8",
        loss="#c8501e",
        middle="#f3f3f1",
        faint="#bcd3e3",
        null="#8a6d9e",
        series=("#0b66a8", "#d98a00", "#00856a", "#b0558f", "#4a9bd4", "#8c6d1f", "#5d5f6b"),
    ),
    "dark": Palette(
        surface="#14181f",
        ink="#e6e9ee",
        quiet="#9ba6b5",
        line="#262d38",
        zero="#5c6778",
        gain="#5bb2ec",
        loss="#f08a55",
        middle="#2a303a",
        faint="#31536c",
        null="#bfa3d6",
        series=("#5bb2ec", "#f0b040", "#35c4a2", "#e08fc0", "#9bd0f2", "#c9ab5c", "#a6adba"),
    ),
}


def palette(theme: str) -> Palette:
    """The colours of a theme.

    Raises:
        FigureError: There is no such theme.
    """
    if theme not in THEMES:
        raise FigureError(f"theme: {theme!r} is not allowed; allowed: {', '.join(THEMES)}")
    return THEMES[theme]


def colours_of(names: Sequence[str], *, theme: str) -> dict[str, str]:
    """A colour a name, in order; after the last one they begin again."""
    series = palette(theme).series
    return {name: series[place % len(series)] for place, name in enumerate(names)}


def framed(
    figure: go.Figure, *, theme: str, title: str, height: int = 360, notes: Sequence[str] = ()
) -> go.Figure:
    """Give a figure its looks; ``notes`` go along as ``layout.meta["notes"]`` for a caption."""
    return figure.update_layout(
        template=template(theme),
        title_text=title,
        height=height,
        meta={"title": title, "notes": [note for note in notes if note]},
    )


def blank(reason: str, *, theme: str, title: str) -> go.Figure:
    """A figure that says in one line why there is nothing to draw."""
    figure = go.Figure()
    figure.add_annotation(
        text="<br>".join(wrap(reason, _LINE)),
        showarrow=False,
        x=0.5,
        y=0.5,
        xref="paper",
        yref="paper",
    )
    framed(figure, theme=theme, title=title, height=160)
    return figure.update_xaxes(visible=False).update_yaxes(visible=False)


def untitled(figure: go.Figure) -> go.Figure:
    """The figure without its title, for a page that has a heading of its own."""
    above = figure.layout.margin.t or template_margin_px()
    return figure.update_layout(title=None, margin_t=above - _TITLE_PX)


def template_margin_px() -> int:
    """What the template leaves above a figure."""
    return _TITLE_PX + 16


@lru_cache
def template(theme: str) -> go.layout.Template:
    """The template of a theme.

    Raises:
        FigureError: There is no such theme.
    """
    colours = palette(theme)
    small = {"size": 12, "color": colours.quiet}
    axis = {
        "gridcolor": colours.line,
        "zeroline": False,
        "linecolor": colours.line,
        "ticks": "",
        "tickfont": small,
        "title": {"font": small, "standoff": 8},
        "automargin": True,
        "fixedrange": True,
    }
    layout = go.Layout(
        font={"family": FONT, "size": 13, "color": colours.ink},
        title={
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 0.98,
            "yanchor": "top",
            "pad": {"l": 12, "t": 8},
            "font": {"size": 15, "weight": 600},
        },
        paper_bgcolor=colours.surface,
        plot_bgcolor=colours.surface,
        colorway=colours.series,
        margin={"l": 12, "r": 16, "t": template_margin_px(), "b": 12},
        xaxis=axis,
        yaxis=axis,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "font": small,
            "bgcolor": "rgba(0,0,0,0)",
        },
        hoverlabel={
            "bgcolor": colours.surface,
            "bordercolor": colours.zero,
            "font": {"family": FONT, "size": 12, "color": colours.ink},
            "align": "left",
        },
        hovermode="closest",
        annotationdefaults={"font": {"size": 12, "color": colours.quiet}},
        colorscale={"diverging": colours.deltas},
    )
    return go.layout.Template(layout=layout)
