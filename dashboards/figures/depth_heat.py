"""One item's tokens by layers: where in the text a run's stream leaves its baseline's.

Owns: reading an item's values, and the heat map. Does not cover: which items there are (the page).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboards.figures.theme import blank, framed, palette
from dashboards.run_analyses import RunMechanism, read_values
from dashboards.wording import safe
from storage import AuditStore
from workers.analyses.jobs import DEPTH

TITLE = "Layers by tokens"
AGAINST = {"baseline": "the baseline", "block_off": "the same run, block off"}
_FLOOR = 1e-8
_NOTES = (
    "Each token's relative L2, on the prompt with the baseline's answer after it; the line is "
    "where the answer begins. The stronger the colour, the farther; empty is exactly 0. The last "
    "row is what leaves the last layer.",
)


@dataclass(frozen=True)
class ItemHeat:
    """An item's values: one row per layer, one column per token."""

    item_id: str
    against: str
    texts: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    num_prompt: int


def read_heat(
    store: AuditStore, found: RunMechanism, *, item: str, against: str
) -> ItemHeat | None:
    """An item's values; None where there are none."""
    where = [("item_id", "=", item), ("text", "=", "prompt_and_answer")]
    rows = read_values(store, found, DEPTH, where=where)
    texts = next((tuple(row["texts"]) for row in rows if row.get("texts")), ())
    wanted = sorted((r for r in rows if r["against"] == against), key=lambda row: row["layer"])
    if not wanted:
        return None
    values = tuple(tuple(row["tokens"]) for row in wanted)
    return ItemHeat(item, against, texts, values, wanted[0]["num_prompt"])


def draw(heat: ItemHeat | None, *, theme: str = "light") -> go.Figure:
    """Draw the values on a logarithmic scale."""
    if heat is None:
        return blank("no values on record for this item", theme=theme, title=TITLE)
    colours = palette(theme)
    logs = [[math.log10(v) if v > _FLOOR else None for v in row] for row in heat.rows]
    known = [value for row in logs for value in row if value is not None]
    if not known:
        return blank("exactly 0 at every token and layer", theme=theme, title=TITLE)
    names = [f"{place}: {safe(text)!r}" for place, text in enumerate(heat.texts or heat.rows[0])]
    figure = go.Figure(
        go.Heatmap(
            z=logs,
            x=list(range(len(heat.rows[0]))),
            y=list(range(len(logs))),
            customdata=[
                [[name, _said(v)] for name, v in zip(names, row, strict=True)] for row in heat.rows
            ],
            zmin=min(known),
            zmax=max(known),
            colorscale=[(0, colours.faint), (1, colours.gain)]
            if theme == "light"
            else [(0, colours.faint), (1, colours.ink)],
            hovertemplate="layer %{y}, token %{customdata[0]}<br>%{customdata[1]}<extra></extra>",
            colorbar={
                "thickness": 8,
                "outlinewidth": 0,
                "title": {
                    "text": "log10 of<br>distance",
                    "font": {"size": 12, "color": colours.quiet},
                },
                "tickfont": {"size": 11, "color": colours.quiet},
            },
        )
    )
    figure.add_vline(x=heat.num_prompt - 0.5, line={"color": colours.loss, "width": 2})
    figure.update_xaxes(title_text="token", showgrid=False)
    figure.update_yaxes(title_text="layer", showgrid=False, dtick=max(1, len(logs) // 8))
    figure.update_layout(showlegend=False)
    notes = (f"Against {AGAINST[heat.against]}.", *_NOTES)
    return framed(figure, theme=theme, title=TITLE, height=300, notes=notes)


def _said(value: float) -> str:
    return f"relative L2 {value:.3g}" if value else "exactly 0"
