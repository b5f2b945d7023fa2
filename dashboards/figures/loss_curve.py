"""A run's training loss next to its matched baseline's.

Owns: reading both, the facts as a frame, and the figure. Does not cover: studies; it is a figure
of one run and not in the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from dashboards.figures.theme import blank, framed, palette
from storage import BASELINE, AuditStore

TITLE = "Training loss"
RUN = "run"
_NOTES = ("Both saw the same examples in the same order, from the same initial adapter.",)


@dataclass(frozen=True)
class RunLosses:
    """A run's losses by step, and its baseline's; empty where there are none yet."""

    run_id: str
    losses: tuple[float, ...]
    baseline_id: str | None
    baseline_losses: tuple[float, ...]


def load_losses(store: AuditStore, run_id: str) -> RunLosses:
    """Read a run's losses and its matched baseline's (a baseline has no other beside it).

    Raises:
        RunNotFound: No such run.
    """
    run = store.runs.get(run_id)
    baseline = store.runs.baseline_of(run)
    losses = store.runs.losses(run_id)
    if baseline is None:
        return RunLosses(run_id, losses, None, ())
    return RunLosses(run_id, losses, baseline.id, store.runs.losses(baseline.id))


def facts(found: RunLosses) -> pd.DataFrame:
    """One row per step (from 1) and curve: ``of`` (run or baseline), loss in nats per token."""
    curves = {RUN: found.losses, BASELINE: found.baseline_losses}
    rows = [
        {"of": name, "step": step, "loss": loss}
        for name, losses in curves.items()
        for step, loss in enumerate(losses, start=1)
    ]
    return pd.DataFrame(rows, columns=["of", "step", "loss"])


def draw(found: RunLosses, *, theme: str = "light") -> go.Figure:
    """Draw both curves, named at their ends."""
    table = facts(found)
    if table.empty:
        return blank("no loss on record yet", theme=theme, title=TITLE)
    colours = palette(theme)
    figure = go.Figure()
    for name, colour, width in ((BASELINE, colours.zero, 3), (RUN, colours.gain, 1.5)):
        curve = table[table["of"] == name]
        if not curve.empty:
            figure.add_trace(
                go.Scatter(
                    name=name,
                    x=curve["step"],
                    y=curve["loss"],
                    mode="lines",
                    line={"color": colour, "width": width},
                    hovertemplate=f"step %{{x}}, {name}: %{{y:.4f}}<extra></extra>",
                )
            )
    figure.update_xaxes(title_text="optimizer step", rangemode="tozero")
    figure.update_yaxes(title_text="loss (nats per token)")
    figure.update_layout(hovermode="x", showlegend=table["of"].nunique() > 1)
    return framed(figure, theme=theme, title=TITLE, height=320, notes=_NOTES)
