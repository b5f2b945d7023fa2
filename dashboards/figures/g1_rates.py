"""(A) The G1 rate of each host with its 95% interval, next to its null runs and its own chance.

Owns: the facts as a frame, and the figure. Hosts are never pooled, nor are kinds of null runs: a
host's references stand at the host. Does not cover: the rates themselves
(``search.rates.g1_rates``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.hovers import host_lines
from dashboards.figures.theme import CHANCE_NAME, NULL_NAME, blank, framed, palette
from dashboards.rates import rate_rows
from dashboards.study_frames import Records, together
from dashboards.wording import G1_MEANING, p_value, percent
from search.rates.g1_rates import adaptive_reason
from search.rates.g1_row import G1Row
from search.rates.null_tests import NULL_NAMES

TITLE = "G1 rate by host"
COLUMNS = (
    *("study", "host", "backbone", "adapter", "design", "runs", "g1", "strict", "rate"),
    *("strict_rate", "low", "high", "rotation_p", "rotation_strict_p"),
    *(f"{name}_null_{key}" for name in NULL_NAMES for key in ("runs", "g1", "rate")),
    *("test_p", "test_sentence", "expected_rate"),
)


def facts(record: Records) -> pd.DataFrame:
    """One row per host with verdicts: counts, rates in [0, 1] with intervals, and references."""
    found = together(record)
    labels = {
        (study, backbone, adapter): host
        for study, backbone, adapter, host in found.runs[
            ["study", "backbone", "adapter", "host"]
        ].itertuples(index=False)
    }
    rows = [_row(row, host=labels[row.host]) for row in rate_rows(found)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw one point per host with its interval, and its references below it."""
    table = facts(record)
    if table.empty:
        return blank("no run has a verdict yet", theme=theme, title=TITLE)
    colours = palette(theme)
    figure = go.Figure()
    _add_references(figure, table, colour=colours.null)
    figure.add_trace(_rates(table, colour=colours.gain))
    shown = ["rate", "high", "expected_rate", *(f"{name}_null_rate" for name in NULL_NAMES)]
    end = min(1.02, float(table[shown].astype(float).max().max()) * 1.12 + 0.01)
    figure.update_xaxes(title_text="G1 rate", tickformat=".0%", range=[-0.01, end])
    figure.update_yaxes(
        tickvals=list(range(len(table))),
        ticktext=[host_lines(host) for host in table["host"]],
        range=[len(table) - 0.4, -0.75],
        showgrid=False,
    )
    height = 180 + 56 * len(table)
    return framed(figure, theme=theme, title=TITLE, height=height, notes=_notes(table))


def _row(row: G1Row, *, host: str) -> dict[str, Any]:
    count = row.count
    low, high = row.interval or (None, None)
    return {
        "study": count.study,
        "host": host,
        "backbone": count.backbone,
        "adapter": count.adapter,
        "design": count.design,
        "runs": count.runs,
        "g1": count.g1,
        "strict": count.strict,
        "rate": row.rate,
        "strict_rate": row.strict_rate,
        "low": low,
        "high": high,
        "rotation_p": row.rotation_p,
        "rotation_strict_p": row.rotation_strict_p,
        **{
            f"{name}_null_{key}": getattr(row.null.get(name), key, None)
            for name in NULL_NAMES
            for key in ("runs", "g1", "rate")
        },
        "test_p": row.null_p,
        "test_sentence": row.test and row.test.found.sentence,
        "expected_rate": row.expected and row.expected.rate,
    }


def _rates(table: pd.DataFrame, *, colour: str) -> go.Scatter:
    return go.Scatter(
        name="G1 rate",
        x=table["rate"],
        y=list(range(len(table))),
        mode="markers+text",
        marker={"size": 11, "color": colour},
        text=[percent(rate) for rate in table["rate"]],
        textposition="top center",
        cliponaxis=False,
        error_x=_bars(table, "rate", "low", "high", colour=colour, width=5),
        hovertext=[_hover(row) for row in table.to_dict("records")],
        hoverinfo="text",
        showlegend=True,
    )


def _add_references(figure: go.Figure, table: pd.DataFrame, *, colour: str) -> None:
    """Each host's null runs by kind, and what chance gives there, just below its rate."""
    references = [
        *((f"{name}_null_rate", f"{NULL_NAME} ({name})", "diamond-open") for name in NULL_NAMES),
        ("expected_rate", CHANCE_NAME, "line-ns-open"),
    ]
    for column, name, symbol in references:
        there = table[table[column].notna()]
        if there.empty:
            continue
        figure.add_trace(
            go.Scatter(
                name=name,
                x=there[column],
                y=[place + 0.24 for place in there.index],
                mode="markers",
                marker={"size": 9, "color": colour, "symbol": symbol, "line": {"width": 2}},
                hovertext=[_hover(row) for row in there.to_dict("records")],
                hoverinfo="text",
                showlegend=True,
            )
        )


def _bars(
    table: pd.DataFrame, middle: str, low: str, high: str, *, colour: str, width: int
) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": table[high] - table[middle],
        "arrayminus": table[middle] - table[low],
        "color": colour,
        "thickness": 1.5,
        "width": width,
    }


def _hover(row: Mapping[Any, Any]) -> str:
    lines = [
        f"<b>{row['host']}</b>",
        f"{row['g1']} G1 of {row['runs']} runs: {percent(row['rate'])}; strict "
        f"{row['strict']}: {percent(row['strict_rate'])}",
    ]
    if pd.notna(row["low"]):
        lines.append(f"95% interval {percent(row['low'])} to {percent(row['high'])}")
    if pd.notna(row["rotation_p"]):
        lines.append(
            f"rotation test p {p_value(row['rotation_p'])}, "
            f"strict {p_value(row['rotation_strict_p'])}"
        )
    lines += [
        f"{name} null runs: {row[f'{name}_null_g1']:.0f} of {row[f'{name}_null_runs']:.0f}"
        for name in NULL_NAMES
        if pd.notna(row[f"{name}_null_rate"])
    ]
    if row["test_sentence"]:
        lines.append(str(row["test_sentence"]))
    if pd.notna(row["expected_rate"]):
        lines.append(f"chance alone, computed: {percent(row['expected_rate'])}")
    return "<br>".join([*lines, G1_MEANING])


def _notes(table: pd.DataFrame) -> list[str]:
    adaptive = [
        reason for design in sorted(set(table["design"])) if (reason := adaptive_reason(design))
    ]
    has_nulls = any(table[f"{name}_null_rate"].notna().any() for name in NULL_NAMES)
    return [
        "Bars are 95% intervals, for these baselines." if table["low"].notna().any() else "",
        "Diamonds are null runs, each kind by itself: the disturbance without the mechanism, "
        "against the same baseline."
        if has_nulls
        else "",
        "The upright mark is what chance alone gives: the mean of the runs' own chances, computed "
        "from how many items each run and its baseline answer differently; one baseline's luck "
        "moves it widely."
        if table["expected_rate"].notna().any()
        else "",
        *adaptive,
    ]
