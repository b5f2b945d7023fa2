"""Two studies side by side: their rates, and the configurations that both have run.

Owns: matching runs by backbone, adapter, configuration and seed, and the facts and drawing of their
deltas. Does not cover: one study alone (``dashboards.figures``), nor tests between studies, whose
baselines differ unless their recipes are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, framed, palette
from dashboards.study_frames import StudyRecord
from dashboards.wording import pp, safe
from search.study.axes import AXIS_NAMES, configuration_words
from storage import TREATMENT

TITLE = "The same configurations in both"
KEYS = ["backbone", "adapter", "configuration_id", "seed"]
_CARRIED = [*AXIS_NAMES, "num_layers"]
VERDICTS = ("G1 in both", "lost it", "won it", "in neither")


@dataclass(frozen=True)
class Pair:
    """Two studies.

    Args:
        first: The one that is compared with.
        second: The one that is compared.
    """

    first: StudyRecord
    second: StudyRecord

    @property
    def same_recipe(self) -> bool:
        """Whether both trained and evaluated alike, so that deltas mean the same."""
        return self.first.studies[0].recipe_hash == self.second.studies[0].recipe_hash


def facts(pair: Pair) -> pd.DataFrame:
    """One row per configuration and seed with a verdict in both: deltas in pp, and what changed.

    Sorted by how far the mean delta moved, changed verdicts first.
    """
    matched = _scored(pair.first)[[*KEYS, *_CARRIED, "id", "mean_delta", "g1"]].merge(
        _scored(pair.second)[[*KEYS, "id", "mean_delta", "g1"]],
        on=KEYS,
        suffixes=("_first", "_second"),
    )
    moved = matched["mean_delta_second"] - matched["mean_delta_first"]
    changed = matched["g1_first"] != matched["g1_second"]
    named = matched.assign(
        moved=moved,
        changed=changed,
        verdict=[
            _verdict(bool(a), bool(b))
            for a, b in zip(matched["g1_first"], matched["g1_second"], strict=True)
        ],
        words=[", ".join(configuration_words(row)) for row in matched.to_dict("records")],
    )
    order = named.assign(size=moved.abs()).sort_values(
        ["changed", "size"], ascending=False, kind="stable"
    )
    return order.drop(columns="size").reset_index(drop=True)


def draw(pair: Pair, *, theme: str = "light") -> go.Figure:
    """Draw the mean delta in one study against that in the other."""
    table = facts(pair).dropna(subset=["mean_delta_first", "mean_delta_second"])
    if table.empty:
        return blank("no configuration has a verdict in both", theme=theme, title=TITLE)
    colours = palette(theme)
    looks = {
        "G1 in both": (colours.gain, "circle"),
        "won it": (colours.gain, "triangle-up-open"),
        "lost it": (colours.loss, "triangle-down-open"),
        "in neither": (colours.zero, "circle-open"),
    }
    figure = go.Figure()
    low = float(table[["mean_delta_first", "mean_delta_second"]].min().min())
    high = float(table[["mean_delta_first", "mean_delta_second"]].max().max())
    diagonal = {"color": colours.zero, "width": 1, "dash": "dot"}
    ends = {"x0": low, "y0": low, "x1": high, "y1": high}
    figure.add_shape(type="line", line=diagonal, layer="below", **ends)
    for verdict, (colour, symbol) in looks.items():
        some = table[table["verdict"] == verdict]
        if not some.empty:
            figure.add_trace(_points(some, verdict, colour=colour, symbol=symbol))
    figure.update_xaxes(title_text=f"mean delta in {safe(pair.first.name)} (pp)")
    figure.update_yaxes(title_text=f"mean delta in {safe(pair.second.name)} (pp)")
    notes = ["On the dotted line the delta is the same in both."]
    if not pair.same_recipe:
        notes.append("The studies differ in recipe, block or items: deltas are of two baselines.")
    return framed(figure, theme=theme, title=TITLE, height=460, notes=notes)


def _points(some: pd.DataFrame, verdict: str, *, colour: str, symbol: str) -> go.Scatter:
    return go.Scatter(
        name=verdict,
        x=some["mean_delta_first"],
        y=some["mean_delta_second"],
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": 8, "line": {"width": 1.5}},
        customdata=some["id_second"],
        hovertext=[
            f"{safe(row['words'])}<br>{safe(row['backbone'])}, seed {row['seed']}<br>"
            f"{pp(row['mean_delta_first'])} to {pp(row['mean_delta_second'])}: {verdict}"
            for row in some.to_dict("records")
        ],
        hoverinfo="text",
    )


def _scored(record: StudyRecord) -> pd.DataFrame:
    runs = record.scored
    return runs[runs["kind"] == TREATMENT]


def _verdict(first: bool, second: bool) -> str:
    if first:
        return VERDICTS[0] if second else VERDICTS[1]
    return VERDICTS[2] if second else VERDICTS[3]
