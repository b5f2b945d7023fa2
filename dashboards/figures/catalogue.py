"""All figures, for pages, reports and the command line.

Owns: their keys, titles, the question each answers and what it needs beyond completed runs.
Does not cover: the loss curve of a run (``loss_curve``), which reads one run and no study.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import pandas as pd
import plotly.graph_objects as go

from dashboards.errors import FigureError
from dashboards.figures import (
    axis_importance,
    champion_geometry,
    delta_distribution,
    delta_heatmap,
    depth_curves,
    g1_rates,
    methods,
    mixer_frontier,
    parallel_axes,
    published_rates,
    signature_distance,
    slot_values,
    timeline,
    weight_discriminators,
)
from search.errors import one_of


@dataclass(frozen=True)
class Figure:
    """A figure of one or several studies.

    Args:
        key: Its slug.
        title: Its heading.
        question: What it answers, in one sentence.
        facts: A record (or several) to the frame that it draws.
        draw: A record (or several) to the figure; takes ``theme="light"`` or ``"dark"``.
        needs: What it needs beyond completed runs; empty: nothing. ``importance`` is
            ``dashboards.study_frames.with_importance``.
    """

    key: str
    title: str
    question: str
    facts: Callable[..., pd.DataFrame]
    draw: Callable[..., go.Figure]
    needs: str = ""


def _figure(key: str, module: ModuleType, question: str, *, needs: str = "") -> Figure:
    return Figure(key, module.TITLE, question, module.facts, module.draw, needs)


CATALOGUE: tuple[Figure, ...] = (
    _figure(
        "g1-rates",
        g1_rates,
        "How often does a configuration lose on no benchmark, and is that more than chance?",
    ),
    _figure(
        "mixer-frontier",
        mixer_frontier,
        "Which mixer is often harmless, and which one reaches furthest?",
    ),
    _figure("slots", slot_values, "How many slots do the best and the usual configurations have?"),
    _figure(
        "champions", champion_geometry, "Where in the model do the champions sit, and how strong?"
    ),
    _figure(
        "delta-heatmap",
        delta_heatmap,
        "Which runs gain on which benchmarks, and what do gains cost elsewhere?",
    ),
    _figure(
        "delta-distribution",
        delta_distribution,
        "Are the deltas of configurations spread differently from those of null runs?",
    ),
    _figure(
        "parallel-axes", parallel_axes, "Which combinations of axis values gain, and which lose?"
    ),
    _figure(
        "axis-importance",
        axis_importance,
        "How much of what varies does each axis account for?",
        needs="importance",
    ),
    _figure(
        "methods",
        methods,
        "What do other methods give on the same host, next to their nulls?",
    ),
    _figure("timeline", timeline, "Which runs took the time, and when did workers wait?"),
    _figure(
        "published-rates",
        published_rates,
        "How do this study's G1 rates compare with the published ones?",
    ),
)


MECHANISM: tuple[Figure, ...] = (
    _figure(
        "mechanism-depth",
        depth_curves,
        "Do runs leave their baseline further than null runs do, and where?",
    ),
    _figure(
        "discriminators",
        weight_discriminators,
        "Does a statistic of the block's weights go with the mean delta, beyond chance?",
    ),
    _figure(
        "signature",
        signature_distance,
        "Do runs whose weights are near the champion's do better?",
    ),
)
"""Figures of what is analysed inside runs (``talan analyse``); blank where nothing is."""


def find_figure(key: str) -> Figure:
    """A figure by its key.

    Raises:
        FigureError: There is no such figure.
    """
    figures = (*CATALOGUE, *MECHANISM)
    keys = [figure.key for figure in figures]
    if key not in keys:
        raise FigureError(f"there is no figure {key!r}; allowed: {one_of(keys, key)}")
    return figures[keys.index(key)]
