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
from dashboards.figures import g1_rates
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
            ``dashboards.record.with_importance``.
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
)


def find_figure(key: str) -> Figure:
    """A figure by its key.

    Raises:
        FigureError: There is no such figure.
    """
    keys = [figure.key for figure in CATALOGUE]
    if key not in keys:
        raise FigureError(f"there is no figure {key!r}; allowed: {one_of(keys, key)}")
    return CATALOGUE[keys.index(key)]
