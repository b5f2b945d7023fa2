"""(D) Champions by depth of the layer and number of slots; the marker's size is alpha.

Owns: the facts as a frame, and the figure; other G1 runs stand behind, faint. Does not cover:
whether a champion holds at fresh seeds (``search.follow_ups.confirmation``).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.hovers import run_lines
from dashboards.figures.theme import blank, colours_of, framed, palette
from dashboards.study_frames import Records, together
from dashboards.wording import safe

TITLE = "Champions: depth, slots and strength"
COLUMNS = ("host", "id", "champion", "layer", "num_layers", "depth", "slots", "alpha", "mean_delta")
_SMALLEST_PX, _LARGEST_PX = 11, 34
_NOTES = (
    "A champion is a host's strict G1 run (no benchmark below the baseline, at least one above it) "
    "with the largest mean delta: the best of many, biased upward until confirmed on fresh seeds. "
    "The larger its marker, the larger the writeback's alpha. Faint points are other G1 runs.",
)


def facts(record: Records) -> pd.DataFrame:
    """A row a G1 run; ``champion`` marks each host's best. ``depth`` is layer / layers."""
    found = together(record)
    runs = found.scored
    g1 = runs[runs["g1"].astype(bool)]
    marked = g1.assign(champion=g1["id"].isin(found.champions["id"]))
    return marked[list(COLUMNS)].reset_index(drop=True)


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw a marker a champion over the other G1 runs."""
    found = together(record)
    table = facts(found)
    if not table["champion"].any():
        return blank("no run is strict G1: there is no champion", theme=theme, title=TITLE)
    colours = colours_of(found.host_labels, theme=theme)
    champions = found.champions
    others = table[~table["champion"]]
    places = _slot_places(table)
    figure = go.Figure()
    figure.add_trace(_others(others, places=places, colour=palette(theme).zero))
    hosts = [host for host in found.host_labels if host in set(champions["host"])]
    for host, aside in zip(hosts, _sides(len(hosts)), strict=True):
        row = champions[champions["host"] == host].iloc[0]
        figure.add_trace(
            _champion(
                row,
                place=places[row["slots"]] + aside,
                colour=colours[host],
                largest=champions["alpha"].max(),
                several=len(hosts) > 1,
            )
        )
    figure.update_xaxes(
        title_text="slots T",
        tickvals=list(places.values()),
        ticktext=[str(slots) for slots in places],
        range=[-0.6, len(places) - 0.4],
    )
    figure.update_yaxes(title_text="depth (layer / layers)", tickformat=".0%", range=[-0.12, 1.05])
    figure.update_layout(showlegend=len(champions) > 1, legend_itemsizing="constant")
    height = 380 + (20 * len(champions) if len(champions) > 1 else 0)
    return framed(figure, theme=theme, title=TITLE, height=height, notes=_NOTES)


def _slot_places(table: pd.DataFrame) -> dict[int, int]:
    """Slots side by side in order: they are few, and far apart (2, 3, 68)."""
    return {int(slots): place for place, slots in enumerate(sorted(table["slots"].unique()))}


def _sides(number: int) -> list[float]:
    """Where hosts stand about a number of slots, so that none hides another."""
    return [0.3 * (2 * place + 1 - number) / number for place in range(number)]


def _others(others: pd.DataFrame, *, places: dict[int, int], colour: str) -> go.Scatter:
    return go.Scatter(
        name="other G1 runs",
        x=[places[slots] for slots in others["slots"]],
        y=others["depth"],
        mode="markers",
        marker={"size": 5, "color": colour, "opacity": 0.45},
        hoverinfo="skip",
        showlegend=False,
    )


def _champion(
    row: pd.Series[Any], *, place: float, colour: str, largest: float, several: bool
) -> go.Scatter:
    share = row["alpha"] / largest if largest else 0.0
    strength = f"α {row['alpha']:g}"  # noqa: RUF001 - the paper's letter
    return go.Scatter(
        name=f"{safe(row['host'])}, {strength}",
        x=[place],
        y=[row["depth"]],
        mode="markers" if several else "markers+text",
        text=[f" {strength}"],
        textposition="middle right",
        marker={
            "size": [_SMALLEST_PX + (_LARGEST_PX - _SMALLEST_PX) * share**0.5],
            "color": colour,
            "opacity": 0.85,
            "line": {"width": 0},
        },
        hovertext=[run_lines(row.to_dict())],
        hoverinfo="text",
    )
