"""Where the time went: workers by time, one bar per run; what is white was waiting.

Owns: the facts as a frame, and the figure. A running run's bar ends at the latest time on record.
Of a run that was tried several times the last attempt is on record. Does not cover: what a run
spent its time on (its cells have seconds).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import Palette, blank, framed, palette
from dashboards.study_frames import Records, together
from dashboards.wording import pp, safe
from storage import BASELINE, NULL_KINDS
from storage.new_rows import METHOD_NULL, SELF_CHECK

TITLE = "Where the time went"
COLUMNS = ("id", "study", "host", "worker", "what", "start", "end", "seconds", "mean_delta")
_MOST_WORKERS = 24
_ORDER = ("G1", "not G1", "no verdict", "baseline", "null run", "failed", "running")


def facts(record: Records) -> pd.DataFrame:
    """One row per run that was started, in order: worker, start, end, and what it was."""
    runs = together(record).runs
    begun = runs[runs["started_at"].notna()]
    latest = begun[["started_at", "finished_at"]].max().max()
    end = begun["finished_at"].fillna(latest)
    table = begun.assign(
        worker=begun["worker"].fillna("unknown"),
        what=[_what(row) for row in begun[["kind", "state", "g1"]].itertuples(index=False)],
        start=begun["started_at"],
        end=end,
        seconds=(end - begun["started_at"]).dt.total_seconds(),
    )
    return table.sort_values(["start", "id"])[list(COLUMNS)].reset_index(drop=True)


def busy_share(table: pd.DataFrame) -> float | None:
    """The share of the workers' time, from the first start to the last end, that runs took."""
    span = (table["end"].max() - table["start"].min()).total_seconds() if len(table) else 0
    workers = table["worker"].nunique()
    return float(table["seconds"].sum() / (span * workers)) if span else None


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw one bar per run on its worker's line."""
    table = facts(record)
    if table.empty:
        return blank("no run has started yet", theme=theme, title=TITLE)
    workers = sorted(table["worker"].unique())
    shown = workers[:_MOST_WORKERS]
    colours = _colours(palette(theme))
    figure = go.Figure()
    kept = table[table["worker"].isin(shown)]
    for what in _ORDER:
        bars = kept[kept["what"] == what]
        if not bars.empty:
            figure.add_trace(_bars(bars, what, colour=colours[what]))
    figure.update_xaxes(type="date", title_text="time (UTC)")
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=shown[::-1],
        tickvals=shown,
        ticktext=[safe(_short(worker)) for worker in shown],
        showgrid=False,
    )
    figure.update_layout(barmode="overlay", bargap=0.3)
    height = 170 + 30 * len(shown)
    return framed(
        figure,
        theme=theme,
        title=TITLE,
        height=height,
        notes=_notes(table, hidden=workers[_MOST_WORKERS:]),
    )


def _what(run: Any) -> str:
    if run.state in ("failed", "running"):
        return str(run.state)
    if run.kind == BASELINE:
        return "baseline"
    if run.kind in (*NULL_KINDS, SELF_CHECK, METHOD_NULL):
        return "null run"
    if pd.isna(run.g1):
        return "no verdict"
    return "G1" if run.g1 else "not G1"


def _colours(colours: Palette) -> dict[str, str]:
    return {
        "G1": colours.gain,
        "not G1": colours.faint,
        "no verdict": colours.zero,
        "baseline": colours.quiet,
        "null run": colours.null,
        "failed": colours.loss,
        "running": colours.series[1],
    }


def _bars(bars: pd.DataFrame, what: str, *, colour: str) -> go.Bar:
    return go.Bar(
        name=what,
        orientation="h",
        base=bars["start"],
        x=(bars["seconds"] * 1000).round(),  # ms: how plotly measures dates
        y=bars["worker"],
        marker={"color": colour, "line": {"width": 0}},
        hovertext=[_hover(row) for row in bars.to_dict("records")],
        hoverinfo="text",
    )


def _hover(row: Mapping[Any, Any]) -> str:
    delta = pp(row["mean_delta"])
    return "<br>".join(
        [
            f"<b>{row['what']}</b>, {safe(row['host'])}",
            f"{row['start']:%Y-%m-%d %H:%M:%S}, {row['seconds']:.1f} s",
            f"run {safe(row['id'])}" + (f", mean delta {delta}" if delta else ""),
        ]
    )


def _short(worker: str) -> str:
    return worker if len(worker) <= 14 else f"…{worker[-13:]}"


def _notes(table: pd.DataFrame, *, hidden: list[str]) -> list[str]:
    share = busy_share(table)
    return [
        f"Runs took {100 * share:.0f}% of the workers' time between the first start and the last "
        "end."
        if share is not None
        else "",
        f"{len(hidden)} more workers are not shown." if hidden else "",
    ]
