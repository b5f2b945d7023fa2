"""How much each axis matters: its share of what varies, with intervals.

Owns: the facts as a frame, and the figure, from importance that was computed before
(``dashboards.study_frames.with_importance``). Does not cover: computing it
(``search.follow_ups.importance``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, colours_of, framed
from dashboards.study_frames import Records, StudyRecord, together
from dashboards.wording import percent, safe
from search.follow_ups.importance import ANOVA, FANOVA, PED_ANOVA, no_sample_note
from search.study.file import recorded_file
from search.study.gamma_note import gamma_note

if TYPE_CHECKING:
    from search.follow_ups.importance import HostImportance

_METHODS = {
    ANOVA: "Exact shares of a full grid",
    FANOVA: "fANOVA",
    PED_ANOVA: "PED-ANOVA",
}
TITLE = "Importance of the axes"
COLUMNS = (
    "host",
    "axis",
    "importance",
    "low",
    "high",
    "reference",
    "important",
    "method",
    "r2",
    "trials",
    "resamples",
    "shuffles",
    "reason",
)


def facts(record: Records) -> pd.DataFrame:
    """One row per host and axis: share in [0, 1] with its interval; a host's ``reason`` if none."""
    found = together(record)
    rows: list[dict[str, Any]] = []
    for study, host in _hosts(found):
        head = {
            "host": _label(found, study, host.backbone, host.adapter),
            "method": host.method,
            "r2": host.r2,
            "trials": host.trials,
            "resamples": host.resamples,
            "shuffles": host.shuffles,
            "reason": host.reason,
        }
        for axis in host.axes:
            low, high = axis.interval or (None, None)
            share = {"axis": axis.axis, "importance": axis.share, "low": low, "high": high}
            reference = {"reference": axis.reference, "important": axis.important}
            rows.append({**head, **share, **reference})
        if not host.axes:
            rows.append(head)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw a bar an axis and host, the axis that says most on top."""
    found = together(record)
    if found.importance is None:
        reason = "not computed: importance is of whole hosts, and is asked for"
        return blank(reason, theme=theme, title=TITLE)
    table = facts(found)
    shares = table[table["importance"].notna()]
    if shares.empty:
        reasons = table["reason"].dropna().unique()
        return blank(safe(reasons[0]) if len(reasons) else "no host", theme=theme, title=TITLE)
    colours = colours_of(found.host_labels, theme=theme)
    order = shares.groupby("axis")["importance"].mean().sort_values().index.tolist()
    hosts = [host for host in found.host_labels if host in set(shares["host"])]
    figure = go.Figure()
    for host in reversed(hosts):
        rows = shares[shares["host"] == host].set_index("axis").reindex(order).dropna(how="all")
        figure.add_trace(_bars(rows.reset_index(), host, colour=colours[host]))
    for host in reversed(hosts):
        rows = shares[shares["host"] == host].set_index("axis").reindex(order).dropna(how="all")
        if rows["reference"].notna().any():
            figure.add_trace(_references(rows.reset_index(), host, theme=theme))
    figure.update_layout(
        barmode="group", bargap=0.35, legend_traceorder="reversed", showlegend=len(hosts) > 1
    )
    figure.update_xaxes(title_text="share of what varies in mean delta", tickformat=".0%")
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(
        categoryorder="array", categoryarray=order, showgrid=False, ticktext=order, tickvals=order
    )
    height = 150 + len(order) * (18 + 16 * len(hosts))
    return framed(figure, theme=theme, title=TITLE, height=height, notes=_notes(found, table))


def _hosts(record: StudyRecord) -> Iterator[tuple[str, HostImportance]]:
    for study, hosts in (record.importance or {}).items():
        yield from ((study, host) for host in hosts)


def _label(record: StudyRecord, study: str, backbone: str, adapter: str) -> str:
    several = len(record.studies) > 1
    return (f"{study}: " if several else "") + f"{backbone} {adapter}"


def _bars(rows: pd.DataFrame, host: str, *, colour: str) -> go.Bar:
    return go.Bar(
        name=safe(host),
        offsetgroup=safe(host),
        x=rows["importance"],
        y=rows["axis"],
        orientation="h",
        marker_color=colour,
        error_x={
            "type": "data",
            "visible": bool(rows["high"].notna().any()),
            "symmetric": False,
            "array": (rows["high"] - rows["importance"]).clip(lower=0),
            "arrayminus": (rows["importance"] - rows["low"]).clip(lower=0),
            "thickness": 1,
            "width": 3,
        },
        hovertext=[_hover(row) for row in rows.to_dict("records")],
        hoverinfo="text",
    )


def _references(rows: pd.DataFrame, host: str, *, theme: str) -> go.Bar:
    """The 95% point of shuffled trials: an outline over the bar that it belongs to."""
    return go.Bar(
        name=f"{safe(host)}, shuffled",
        x=rows["reference"],
        y=rows["axis"],
        orientation="h",
        offsetgroup=safe(host),
        marker={
            "color": "rgba(0,0,0,0)",
            "line": {"color": "#1f2328" if theme == "light" else "#e6edf3", "width": 1},
        },
        showlegend=False,
        hoverinfo="skip",
    )


def _hover(row: Mapping[Any, Any]) -> str:
    interval = (
        f" ({percent(row['low'])} to {percent(row['high'])})" if row["low"] == row["low"] else ""
    )
    reference = (
        f"<br>shuffled trials give up to {percent(row['reference'])} (95% point)"
        if row["reference"] == row["reference"] and row["reference"] is not None
        else ""
    )
    return (
        f"<b>{safe(row['axis'])}</b>, {safe(row['host'])}<br>"
        f"{percent(row['importance'])}{interval} of {row['trials']:.0f} trials' variance{reference}"
    )


def _notes(record: StudyRecord, table: pd.DataFrame) -> list[str]:
    silent = table[table["reason"].notna()]
    resamples = int(table["resamples"].max())
    shuffles = int(table["shuffles"].max())
    methods = " and ".join(_METHODS[m] for m in sorted(table["method"].dropna().unique()))
    gamma = [gamma_note(recorded_file(study.spec)) for study in record.studies]
    return [
        f"{methods} of the mean delta; it says how much an axis accounts for, not in which "
        "direction.",
        f"Outlines: the 95% point of {shuffles} shuffles of the deltas. A bar within its outline "
        "is what noise gives."
        if shuffles
        else "",
        f"95% intervals from {resamples} resamples of the trials."
        if resamples
        else "Exact shares have no interval."
        if set(table["method"].dropna()) == {ANOVA}
        else "Intervals take long on a study of this size: talan importance has them.",
        *(f"{row['host']}: {row['reason']}." for row in silent.to_dict("records")),
        *dict.fromkeys(f"{note}." for note in gamma if note),
        no_sample_note(str(study.design["sampler"]) for study in record.studies),
    ]
