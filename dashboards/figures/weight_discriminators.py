"""Which statistics of the weights go with the mean delta, next to shuffled deltas (Table 14).

Owns: the facts and the figure. Does not cover: the correlations (``search.analyses``).
"""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, framed, palette
from dashboards.study_frames import Records, together
from dashboards.wording import safe

TITLE = "Weight statistics against deltas"
COLUMNS = (
    *("host", "mixer", "statistic", "buckets", "runs", "mean_r", "mean_abs_r"),
    *("sign_consistency", "shuffled_mean_abs_r", "shuffled_high", "p", "p_corrected"),
)
_MOST = 14


def facts(record: Records) -> pd.DataFrame:
    """One row per host, mixer and statistic, as the analysis has them."""
    rows = [
        row
        for found in together(record).mechanisms
        for row in (found.discriminators or {}).get("rows", ())
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw the mean |r| of each over the 95% point of shuffled deltas."""
    found = [m.discriminators for m in together(record).mechanisms if m.discriminators]
    table = facts(record)
    if table.empty:
        few = "no bucket has three runs that differ"
        reason = few if found else "not analysed yet: talan analyse --study NAME"
        return blank(reason, theme=theme, title=TITLE)
    colours = palette(theme)
    shown = table.head(_MOST).iloc[::-1]
    names = [f"{row.statistic}<br>{safe(row.mixer)}" for row in shown.itertuples()]
    figure = go.Figure()
    figure.add_trace(
        go.Bar(
            name="95% of shuffled deltas",
            x=shown["shuffled_high"],
            y=names,
            orientation="h",
            marker={"color": colours.line},
            hovertemplate="shuffled, 95% point %{x:.2f}<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            name="mean |r| over buckets",
            x=shown["mean_abs_r"],
            y=names,
            mode="markers",
            marker={"color": colours.gain, "size": 10},
            customdata=shown[["mean_r", "buckets", "p_corrected"]],
            hovertemplate="mean |r| %{x:.2f}, mean r %{customdata[0]:+.2f}<br>"
            "%{customdata[1]} buckets, corrected p %{customdata[2]:.3f}<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="Spearman, inside buckets", range=[0, 1.02])
    figure.update_layout(showlegend=True, bargap=0.45)
    tried = sum(summary["tried"] for summary in found)
    notes = (
        f"{tried} statistics were tried; p is corrected for that. In small buckets a large mean "
        "|r| is what chance gives: the grey bar says how large.",
    )
    height = 150 + 34 * len(shown)
    return framed(figure, theme=theme, title=TITLE, height=height, notes=notes)
