"""Deltas of every run on every benchmark, best mean first, G1 rows marked.

Owns: the facts as a frame, and the figure, which stays light with thousands of rows: hovers are
made of the axes' own labels. A cell that is not fully evaluated has no delta and stays empty.
Does not cover: whether a single cell's delta is more than noise (``talan run``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, framed, palette
from dashboards.study_frames import Records, StudyRecord, together
from dashboards.wording import safe
from search.study.axes import configuration_words

TITLE = "Deltas by run and benchmark"
_ROWS_LABELLED = 40


def facts(record: Records) -> pd.DataFrame:
    """One row per run with deltas, best mean first: id, host, configuration, g1, the benchmarks.

    Deltas in pp; NaN where a cell has none.
    """
    found = together(record)
    runs = found.treatments
    deltas = found.cells.pivot_table(
        index="run_id", columns="benchmark", values="delta", aggfunc="first"
    ).reindex(columns=list(found.benchmarks))
    table = runs.merge(deltas, left_on="id", right_index=True, how="inner")
    table = table[table[list(found.benchmarks)].notna().any(axis=1)]
    table = table.sort_values(["mean_delta", "position"], ascending=[False, True])
    words = [", ".join(configuration_words(row)) for row in table.to_dict("records")]
    table = table.assign(configuration=words)
    columns = ["id", "host", "seed", "configuration", "g1", "mean_delta", *found.benchmarks]
    return table[columns].reset_index(drop=True)


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw the deltas in a diverging scale, with a mark a G1 row at the left."""
    found = together(record)
    table = facts(found)
    if table.empty:
        return blank("no run has a delta yet", theme=theme, title=TITLE)
    colours = palette(theme)
    columns = [*found.benchmarks, "mean_delta"]
    deltas = table[columns].to_numpy(dtype="float32")  # half the bytes, exact enough to look at
    labels = [_label(place, row, found) for place, row in enumerate(table.to_dict("records"), 1)]
    limit = max(1.0, float(np.nanquantile(np.abs(deltas), 0.98)))
    figure = go.Figure()
    figure.add_trace(_marks(table, labels, colour=colours.gain))
    figure.add_trace(
        go.Heatmap(
            x=[*map(_narrow, found.benchmarks), "<b>mean</b>"],
            y=labels,
            z=deltas,
            zmin=-limit,
            zmax=limit,
            zmid=0,
            colorscale=colours.deltas,
            xaxis="x2",
            hovertemplate="%{y}<br>%{x}: %{z:+.2f} pp<extra></extra>",
            hoverongaps=False,
            ygap=1 if len(table) <= _ROWS_LABELLED else 0,
            xgap=2,
            colorbar=_bar(colours.quiet),
        )
    )
    figure.update_layout(
        xaxis={"domain": [0, 0.045], "side": "top", "showgrid": False},
        xaxis2={"domain": [0.06, 1], "side": "top", "showgrid": False, "fixedrange": True},
        yaxis={
            "autorange": "reversed",
            "showgrid": False,
            "showticklabels": False,
            "title_text": f"{len(table):,} runs, best mean delta first",
        },
    )
    figure.update_layout(xaxis2_tickfont=figure.layout.xaxis.tickfont)
    height = min(620, 170 + 18 * len(table))
    framed(figure, theme=theme, title=TITLE, height=height, notes=_notes(table, found))
    return figure.update_layout(margin_t=88)


def _label(place: int, row: Mapping[Any, Any], record: StudyRecord) -> str:
    """A row's name, which is its hover too; the place keeps names apart."""
    host = f"{row['host']}, " if len(record.host_labels) > 1 else ""
    verdict = "" if pd.isna(row["g1"]) else ", G1" if row["g1"] else ""
    return f"{place}. {safe(host)}{safe(row['configuration'])}, seed {row['seed']}{verdict}"


def _marks(table: pd.DataFrame, labels: list[str], *, colour: str) -> go.Heatmap:
    return go.Heatmap(
        name="G1",
        x=["G1"],
        y=labels,
        z=[[1.0 if g1 is True else None] for g1 in table["g1"].astype(object)],
        zmin=0,
        zmax=1,
        colorscale=[(0, colour), (1, colour)],
        showscale=False,
        hovertemplate="%{y}<br>no benchmark below the matched baseline<extra></extra>",
        hoverongaps=False,
    )


def _narrow(benchmark: str) -> str:
    """A benchmark's name on two lines, so that four stand side by side on a phone."""
    return safe(benchmark).replace("_", "<br>", 1)


def _bar(colour: str) -> dict[str, object]:
    return {
        "orientation": "h",
        "thickness": 8,
        "len": 0.5,
        "x": 1,
        "xanchor": "right",
        "y": 0,
        "yanchor": "top",
        "ypad": 14,
        "outlinewidth": 0,
        "title": {"text": "delta (pp)", "side": "bottom", "font": {"size": 12, "color": colour}},
        "tickfont": {"size": 11, "color": colour},
    }


def _notes(table: pd.DataFrame, record: StudyRecord) -> list[str]:
    gaps = int(table[list(record.benchmarks)].isna().sum().sum())
    return [
        "Blue at the left marks G1 runs: no benchmark below the matched baseline. The scale ends "
        "at the 98th percentile of deltas.",
        f"{gaps} cells that were not evaluated in full have no delta and stay empty."
        if gaps
        else "",
    ]
