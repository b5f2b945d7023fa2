"""A figure as files: a page of its own, its JSON, its facts.

Owns: writing one figure of a record into a folder. A page loads plotly.js from the file beside it
and nothing from outside. Does not cover: which figures (``catalogue``), reports of several.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, select_autoescape
from plotly.offline import get_plotlyjs

from dashboards.errors import FigureError
from dashboards.figures.catalogue import Figure
from dashboards.figures.theme import palette, untitled
from dashboards.study_frames import Records, together
from search.rates.csv_text import csv_text

FORMATS = ("html", "json", "csv")
SCRIPT = "plotly.min.js"
CONFIG = {"displayModeBar": False, "responsive": True}


def write_figure(
    figure: Figure, record: Records, *, folder: Path, file_format: str, theme: str = "light"
) -> Path:
    """Write one figure; ``csv`` is its facts.

    Raises:
        FigureError: No such format or theme, or the folder cannot be written to.
    """
    if file_format not in FORMATS:
        msg = f"format: {file_format!r} is not allowed; allowed: {', '.join(FORMATS)}"
        raise FigureError(msg)
    target = folder / f"{figure.key}.{file_format}"
    text = _text(figure, record, file_format=file_format, theme=theme)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        if file_format == "html" and not (folder / SCRIPT).exists():
            (folder / SCRIPT).write_text(plotly_script(), encoding="utf-8")
    except OSError as error:
        raise FigureError(f"cannot write {str(target)!r}: {error.strerror or error}") from error
    return target


def plotly_script() -> str:
    """plotly.js, as plotly's own package has it."""
    return str(get_plotlyjs())


def embedded(figure: go.Figure) -> str:
    """A figure as JSON that is safe between script tags."""
    return str(figure.to_json()).replace("<", "\\u003c")


def _text(figure: Figure, record: Records, *, file_format: str, theme: str) -> str:
    if file_format == "csv":
        return csv_text(figure.facts(record))
    drawn = figure.draw(record, theme=theme)
    if file_format == "json":
        return str(drawn.to_json())
    return (
        _templates()
        .get_template("standalone.html.jinja")
        .render(
            figure=figure,
            study=together(record).name,
            notes=drawn.layout.meta["notes"],
            min_width=drawn.layout.meta.get("min_width", 0),
            drawn=embedded(untitled(drawn)),
            config=CONFIG,
            colours=palette(theme),
            theme=theme,
            script=SCRIPT,
        )
    )


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("dashboards.figures", "."),
        autoescape=select_autoescape(["html", "jinja"], default=True),
    )
