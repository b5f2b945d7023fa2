"""How far a run's residual stream is from its baseline's, layer by layer (the paper's Figure 3).

Owns: the facts and the figure of one run, on one scale with the band of its null runs. Does not
cover: computing them (``workers.analyses.depth``); it is a figure of one run and not in the
catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, framed, palette
from dashboards.run_analyses import RunMechanism
from dashboards.wording import KINDS, counted
from storage import JITTER_NULL, SEED_NULL, SHAM_NULL
from workers.analyses.jobs import DEPTH

TITLE = "Distance by depth"
FROM_BASELINE, BLOCK_OFF = "from the baseline", "block on against off"
_DASHES = {SEED_NULL: "solid", SHAM_NULL: "dot", JITTER_NULL: "dash"}
TEXTS = {"prompt": "by_layer", "answer": "with_answer"}
_NOTES = (
    "Growth with depth is what any perturbation does; a curve says something where it leaves the "
    "grey bands of the null runs.",
    "The scale is logarithmic: a distance of exactly 0 has no place on it.",
)


def facts(found: RunMechanism, *, text: str = "prompt") -> pd.DataFrame:
    """One row per layer: layer, from_baseline, cosine, block_off, null_low, null_high."""
    summary = found.summary(DEPTH)
    rows = [] if summary is None else summary[TEXTS[text]]
    return pd.DataFrame(
        [
            {
                "layer": row["layer"],
                "from_baseline": row["relative_l2"],
                "cosine": row["cosine"],
                "block_off": row["block_off_relative_l2"],
                "null_low": row["null_low"],
                "null_high": row["null_high"],
            }
            for row in rows
        ],
        columns=["layer", "from_baseline", "cosine", "block_off", "null_low", "null_high"],
    )


def draw(found: RunMechanism, *, text: str = "prompt", theme: str = "light") -> go.Figure:
    """Draw both curves, the grey band, and where the block is."""
    table = facts(found, text=text)
    if table.empty:
        return blank("depth is not analysed yet", theme=theme, title=TITLE)
    summary: Mapping[str, Any] = found.summary(DEPTH) or {}
    colours = palette(theme)
    figure = go.Figure()
    _bands(figure, summary[TEXTS[text]], summary["null"], colours.zero)
    curves = (
        ("from_baseline", FROM_BASELINE, colours.gain),
        ("block_off", BLOCK_OFF, colours.loss),
    )
    for column, name, colour in curves:
        shown = table[table[column].fillna(0) > 0]
        if not shown.empty:
            figure.add_trace(_curve(shown, column, name, colour))
    if summary["layer"] is not None:
        figure.add_vline(
            x=summary["layer"],
            line={"color": colours.zero, "width": 1, "dash": "dot"},
            annotation={"text": "block", "yshift": 4, "font": {"color": colours.quiet}},
        )
    last = int(table["layer"].max())
    figure.update_xaxes(title_text="layer that the stream enters", dtick=max(1, last // 12))
    figure.update_yaxes(title_text="relative L2 distance", type="log", exponentformat="power")
    figure.update_layout(hovermode="x unified", showlegend=True)
    return framed(figure, theme=theme, title=TITLE, height=360, notes=_notes(summary, table))


def _bands(
    figure: go.Figure, rows: Sequence[Mapping[str, Any]], null: Mapping[str, Any], grey: str
) -> None:
    """A grey band a kind of null run, from the least to the most of its runs."""
    for kind, number in null["kinds"].items():
        shown = [(row["layer"], *row["null_by_kind"][kind]) for row in rows]
        shown = [(layer, low, high) for layer, low, high in shown if low > 0]
        if not shown:
            continue
        layers, lows, highs = zip(*shown, strict=True)
        name = f"{KINDS[kind]}, {counted(number, 'run')}"
        figure.add_trace(
            go.Scatter(
                name=name,
                x=[*layers, *reversed(layers)],
                y=[*highs, *reversed(lows)],
                mode="lines",
                fill="toself",
                fillcolor=_faded(grey),
                line={"color": grey, "width": 1, "dash": _DASHES[kind]},
                hoverinfo="skip",
            )
        )


def _curve(table: pd.DataFrame, column: str, name: str, colour: str) -> go.Scatter:
    return go.Scatter(
        name=name,
        x=table["layer"],
        y=table[column],
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"size": 6},
        hovertemplate=f"{name} %{{y:.3g}}<extra></extra>",
    )


def _faded(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.28)"


def _notes(summary: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    still = [int(layer) for layer in table["layer"][table["from_baseline"].fillna(0) == 0]]
    exact = f"Exactly 0 from the baseline at layer {', '.join(map(str, still))}." if still else ""
    return [*_NOTES, exact, summary["null"]["reason"] or ""]
