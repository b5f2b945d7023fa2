"""How deltas are spread on each benchmark, next to the null runs'.

Owns: the facts as a frame (quantiles), and the figure, which draws them as boxes. Cells without a
delta are left out and counted. Does not cover: tests of a difference (``search.statistics``).
"""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, colours_of, framed, palette
from dashboards.study_frames import Records, StudyRecord, together
from dashboards.wording import percent, pp, safe

TITLE = "Spread of deltas by benchmark"
MEAN = "mean"
RUNS, NULLS = "runs", "null runs"
_QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
COLUMNS = ("benchmark", "group", "cells", "missing", "mean", *_QUANTILES, "non_negative")


def facts(record: Records) -> pd.DataFrame:
    """One row per benchmark (and one for the mean over benchmarks) and group of runs.

    Deltas in pp; ``non_negative`` is the share of deltas >= 0, ``missing`` cells have no delta.
    """
    found = together(record)
    rows = []
    for group, runs in _groups(found).items():
        cells = found.cells[found.cells["run_id"].isin(runs["id"])]
        for benchmark in found.benchmarks:
            deltas = cells.loc[cells["benchmark"] == benchmark, "delta"]
            rows.append(_row(benchmark, group, deltas, runs=len(runs)))
        rows.append(_row(MEAN, group, runs["mean_delta"], runs=len(runs)))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table[table["cells"] > 0].reset_index(drop=True)


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw a box a benchmark: quartiles, and the middle 90%; null runs' below it."""
    found = together(record)
    table = facts(found)
    if table.empty:
        return blank("no run has a delta yet", theme=theme, title=TITLE)
    colours = palette(theme)
    figure = go.Figure()
    studies = colours_of([study.name for study in found.studies], theme=theme)
    for group in reversed(_groups(found)):
        rows = table[table["group"] == group]
        colour = colours.null if group.endswith(NULLS) else studies.get(group, colours.gain)
        if not rows.empty:
            figure.add_trace(_boxes(rows, group, colour=colour))
            figure.add_trace(_hovers(rows, group))
    figure.add_vline(x=0, line={"color": colours.zero, "width": 1}, layer="below")
    names = [*found.benchmarks, MEAN]
    there = [name for name in names if name in set(table["benchmark"])]
    figure.update_layout(
        boxmode="group",
        boxgroupgap=0.25,
        boxgap=0.35,
        legend_traceorder="reversed",
        showlegend=table["group"].nunique() > 1,
    )
    figure.update_xaxes(title_text="delta (pp)")
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=there[::-1],
        tickvals=there,
        ticktext=[_lines(name) for name in there],
        showgrid=False,
    )
    height = 150 + len(there) * (26 + 16 * table["group"].nunique())
    return framed(figure, theme=theme, title=TITLE, height=height, notes=_notes(table, found))


def _groups(record: StudyRecord) -> dict[str, pd.DataFrame]:
    """Runs and null runs; of several studies each study's by its name."""
    if len(record.studies) == 1:
        return {RUNS: record.scored, NULLS: record.nulls}
    groups = {}
    for study in record.studies:
        for name, runs in ((study.name, record.scored), (f"{study.name} {NULLS}", record.nulls)):
            groups[name] = runs[runs["study"] == study.name]
    return groups


def _row(benchmark: str, group: str, deltas: pd.Series[float], *, runs: int) -> dict[str, object]:
    known = deltas.dropna()
    quantiles = {name: known.quantile(at) for name, at in _QUANTILES.items()}
    return {
        "benchmark": benchmark,
        "group": group,
        "cells": len(known),
        "missing": runs - len(known),
        "mean": known.mean(),
        **quantiles,
        "non_negative": (known >= 0).mean() if len(known) else None,
    }


def _boxes(rows: pd.DataFrame, group: str, *, colour: str) -> go.Box:
    return go.Box(
        name=group,
        y=rows["benchmark"],
        q1=rows["q25"],
        median=rows["median"],
        q3=rows["q75"],
        lowerfence=rows["q05"],
        upperfence=rows["q95"],
        orientation="h",
        marker_color=colour,
        line_width=1.5,
        whiskerwidth=0.4,
        offsetgroup=group,
        hoverinfo="skip",
    )


def _hovers(rows: pd.DataFrame, group: str) -> go.Scatter:
    """Points at the medians that only speak: a box's own hover covers the frame with labels."""
    return go.Scatter(
        name=group,
        x=rows["median"],
        y=rows["benchmark"],
        mode="markers",
        marker={"size": 26, "opacity": 0},
        offsetgroup=group,
        showlegend=False,
        hovertext=[
            "<br>".join(
                [
                    f"<b>{safe(row['benchmark'])}</b>, {row['cells']} {group}",
                    f"median {pp(row['median'])}, mean {pp(row['mean'])}",
                    f"middle half {pp(row['q25'])} to {pp(row['q75'])}",
                    f"{percent(row['non_negative'])} are not below the baseline",
                ]
            )
            for row in rows.to_dict("records")
        ],
        hoverinfo="text",
    )


def _lines(benchmark: str) -> str:
    return f"<b>{MEAN}</b>" if benchmark == MEAN else safe(benchmark).replace("_", "<br>", 1)


def _notes(table: pd.DataFrame, record: StudyRecord) -> list[str]:
    missing = int(table.loc[table["benchmark"] != MEAN, "missing"].sum())
    return [
        "Boxes hold the middle half of the runs, whiskers the middle 90%; mean is a run's mean "
        "over benchmarks.",
        "" if len(record.nulls) else "This study has no null runs to compare with.",
        f"{missing} cells that were not evaluated in full have no delta and are left out."
        if missing
        else "",
    ]
