"""Distance of a run's weights to the champion's, against its mean delta (Figure 13).

Owns: the facts and the figure, of the 13 features. Does not cover: the distances
(``search.analyses.signature``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, colours_of, framed
from dashboards.study_frames import Records, together
from dashboards.wording import safe

TITLE = "Distance to the champion's weights"
FEATURES = "13"
COLUMNS = ("host", "mixer", "run", "distance", "mean_delta")


def facts(record: Records) -> pd.DataFrame:
    """One row per run: host, mixer, run, distance (in standard deviations), mean_delta."""
    rows = [
        {"host": row["host"], "mixer": row["mixer"], **point}
        for row in _rows(record)
        for point in row["points"]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw one point per run; the champion is left out, for it is at 0 by construction."""
    rows = [row for row in _rows(record) if row["points"]]
    if not rows:
        reasons = [row["reason"] for row in _rows(record) if row["reason"]]
        reason = reasons[0] if reasons else "not analysed yet: talan analyse --study NAME"
        return blank(reason, theme=theme, title=TITLE)
    names = [f"{row['host']} {row['mixer']}" for row in rows]
    colours = colours_of(names, theme=theme)
    figure = go.Figure()
    for name, row in zip(names, rows, strict=True):
        figure.add_trace(
            go.Scatter(
                name=safe(name),
                x=[point["distance"] for point in row["points"]],
                y=[point["mean_delta"] for point in row["points"]],
                mode="markers",
                marker={"color": colours[name], "size": 7},
                customdata=[point["run"] for point in row["points"]],
                hovertemplate="run %{customdata}<br>distance %{x:.2f}, %{y:+.2f} pp<extra></extra>",
            )
        )
    figure.update_xaxes(title_text="distance to the champion (standard deviations)")
    figure.update_yaxes(title_text="mean delta (pp)")
    figure.update_layout(showlegend=True)
    notes = [_said(name, row) for name, row in zip(names, rows, strict=True)]
    return framed(figure, theme=theme, title=TITLE, height=380, notes=notes)


def _rows(record: Records) -> list[Mapping[str, Any]]:
    return [
        row
        for found in together(record).mechanisms
        for row in (found.signature or {}).get("rows", ())
        if row["features"] == FEATURES
    ]


def _said(name: str, row: Mapping[str, object]) -> str:
    if row["r"] is None:
        return f"{name}: no correlation, deltas or distances do not vary."
    return (
        f"{name}: r {row['r']:+.2f} (shuffled deltas {row['shuffled_low']:+.2f} to "
        f"{row['shuffled_high']:+.2f}, p {row['p']:.3f}); nearest quarter {row['gap']:+.2f} pp "
        "over the farthest."
    )
