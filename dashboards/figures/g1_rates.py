"""(A) The G1 rate of each host with its exact 95% interval, beside its null rate.

Owns: the facts as a frame, and the figure. Two lines stand for reference: the overall rate, and
the rate of the null runs (where there are none, what chance would give, computed from measured
discordance). Both pool hosts, whose baselines differ: they orient, and test nothing.
Does not cover: the rates themselves (``search.rates.g1_rates``).
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
from dashboards.wording import G1_MEANING, P_MEANING, p_value, percent
from search.study.file import ADAPTIVE_SAMPLERS

TITLE = "G1 rate by host"
COLUMNS = (
    "study",
    "host",
    "backbone",
    "adapter",
    "design",
    "runs",
    "g1",
    "rate",
    "low",
    "high",
    "null_runs",
    "null_g1",
    "null_rate",
    "null_low",
    "null_high",
    "test_runs",
    "fisher_p",
    "expected_rate",
)


def facts(record: Records) -> pd.DataFrame:
    """A row a host with verdicts: counts, rates in [0, 1] with intervals, and what is beside."""
    found = together(record)
    labels = {
        (study, backbone, adapter): host
        for study, backbone, adapter, host in found.runs[
            ["study", "backbone", "adapter", "host"]
        ].itertuples(index=False)
    }
    rows = [
        _row(row, host=labels[row["study"], row["backbone"], row["adapter"]])
        for row in rate_rows(found)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def overall(table: pd.DataFrame) -> dict[str, float | None]:
    """The rates over all hosts, for reference lines: of runs, of null runs, and by chance."""
    alone = table[table["null_runs"].isna() & table["expected_rate"].notna()]
    weights = alone["runs"].sum()
    return {
        "rate": _share(table["g1"].sum(), table["runs"].sum()),
        "null": _share(table["null_g1"].sum(), table["null_runs"].sum()),
        "expected": _share((alone["expected_rate"] * alone["runs"]).sum(), weights),
    }


def draw(record: Records, *, theme: str = "light") -> go.Figure:
    """Draw a point a host with its interval, and the reference lines."""
    table = facts(record)
    if table.empty:
        return blank("no run has a verdict yet", theme=theme, title=TITLE)
    colours = palette(theme)
    lines = overall(table)
    figure = go.Figure()
    _add_nulls(figure, table, colour=colours.null)
    figure.add_trace(_rates(table, colour=colours.gain))
    end = min(1.02, float(table[["high", "null_high"]].max().max()) * 1.12 + 0.01)
    if len(table) > 1:
        _add_line(figure, lines["rate"], text="overall", colour=colours.quiet, end=end)
    beside, text = lines["null"], NULL_NAME
    if beside is None:
        beside, text = lines["expected"], "by chance"
    _add_line(figure, beside, text=text, colour=colours.null, end=end, is_null=True)
    figure.update_xaxes(title_text="G1 rate", tickformat=".0%", range=[-0.01, end])
    figure.update_yaxes(
        tickvals=list(range(len(table))),
        ticktext=[host_lines(host) for host in table["host"]],
        range=[len(table) - 0.4, -0.75],
        showgrid=False,
    )
    height = 150 + 56 * len(table)
    return framed(figure, theme=theme, title=TITLE, height=height, notes=_notes(table))


def _row(row: dict[str, Any], *, host: str) -> dict[str, Any]:
    null, test, expected = row["null"] or {}, row["test"] or {}, row["expected"] or {}
    null_low, null_high = null.get("interval", (None, None))
    return {
        **{key: row[key] for key in ("study", "backbone", "adapter", "design", "runs", "g1")},
        "host": host,
        "rate": row["rate"],
        "low": row["interval"][0],
        "high": row["interval"][1],
        "null_runs": null.get("runs"),
        "null_g1": null.get("g1"),
        "null_rate": null.get("rate"),
        "null_low": null_low,
        "null_high": null_high,
        "test_runs": test.get("runs"),
        "fisher_p": test.get("fisher_p"),
        "expected_rate": expected.get("rate"),
    }


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _rates(table: pd.DataFrame, *, colour: str) -> go.Scatter:
    return go.Scatter(
        name="G1 rate",
        x=table["rate"],
        y=list(range(len(table))),
        mode="markers+text",
        marker={"size": 11, "color": colour},
        text=[percent(rate) for rate in table["rate"]],
        textposition="top center",
        error_x=_bars(table, "rate", "low", "high", colour=colour, width=5),
        hovertext=[_hover(row) for row in table.to_dict("records")],
        hoverinfo="text",
        showlegend=False,
    )


def _add_nulls(figure: go.Figure, table: pd.DataFrame, *, colour: str) -> None:
    """Each host's own null rate, or what chance gives there, just below its rate."""
    for column, name, symbol in (
        ("null_rate", NULL_NAME, "diamond-open"),
        ("expected_rate", CHANCE_NAME, "line-ns-open"),
    ):
        there = table[table[column].notna()]
        if there.empty:
            continue
        bars = _bars(there, column, "null_low", "null_high", colour=colour, width=3)
        figure.add_trace(
            go.Scatter(
                name=name,
                x=there[column],
                y=[place + 0.24 for place in there.index],
                mode="markers",
                marker={"size": 9, "color": colour, "symbol": symbol, "line": {"width": 2}},
                error_x=bars if column == "null_rate" else None,
                hovertext=[_hover(row) for row in there.to_dict("records")],
                hoverinfo="text",
                showlegend=False,
            )
        )


def _bars(
    table: pd.DataFrame, middle: str, low: str, high: str, *, colour: str, width: int
) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": table[high] - table[middle],
        "arrayminus": table[middle] - table[low],
        "color": colour,
        "thickness": 1.5,
        "width": width,
    }


def _add_line(
    figure: go.Figure,
    rate: float | None,
    *,
    text: str,
    colour: str,
    end: float,
    is_null: bool = False,
) -> None:
    """A reference line with its name, above for rates and below for nulls; inside the frame."""
    if rate is None:
        return
    dash = "dot" if is_null else "dash"
    figure.add_vline(x=rate, line={"color": colour, "width": 1.5, "dash": dash}, layer="below")
    far = rate > end / 2
    figure.add_annotation(
        x=rate,
        y=0 if is_null else 1,
        yref="paper",
        yanchor="bottom",
        xanchor="right" if far else "left",
        xshift=-3 if far else 3,
        text=f"{text} {percent(rate)}",
        showarrow=False,
        font={"color": colour},
    )


def _hover(row: Mapping[Any, Any]) -> str:
    lines = [
        f"<b>{row['host']}</b>",
        f"{row['g1']} G1 of {row['runs']} runs: {percent(row['rate'])}",
        f"95% interval {percent(row['low'])} to {percent(row['high'])} (exact)",
    ]
    if pd.notna(row["null_rate"]):
        lines.append(
            f"null runs: {row['null_g1']:.0f} of {row['null_runs']:.0f}, "
            f"{percent(row['null_rate'])}"
        )
    if pd.notna(row["fisher_p"]):
        lines.append(f"Fisher's p {p_value(row['fisher_p'])} ({row['test_runs']:.0f} runs)")
    if pd.notna(row["expected_rate"]):
        lines.append(f"by chance, computed: {percent(row['expected_rate'])}")
    return "<br>".join([*lines, G1_MEANING])


def _notes(table: pd.DataFrame) -> list[str]:
    designs = sorted(set(table["design"]) & set(ADAPTIVE_SAMPLERS))
    return [
        "Bars are exact 95% intervals, for these baselines.",
        "Diamonds are null runs: the disturbance without the mechanism, against the same "
        f"baseline. {P_MEANING}"
        if table["null_rate"].notna().any()
        else "",
        "By chance is computed from how many items runs and baseline answer differently, not "
        "measured; one baseline's luck moves it widely."
        if table["expected_rate"].notna().any()
        else "",
        f"{', '.join(designs)} chose its runs by results: the rate is no estimate of the space."
        if designs
        else "",
    ]
