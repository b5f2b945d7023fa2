"""A report as one file: HTML with its figures, or Markdown with its tables.

Owns: both formats. Names, errors and everything else from the record are text: HTML escapes them
by itself, Markdown through ``dashboards.markdown``. The HTML asks nothing of any other address, and
says so to the browser. Does not cover: what the report says
(``study_report``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from dashboards.errors import ReportError
from dashboards.figures import CATALOGUE, MECHANISM, Figure
from dashboards.figures.standalone import CONFIG, embedded, plotly_script
from dashboards.figures.theme import palette, untitled
from dashboards.markdown import escaped
from dashboards.report.study_report import StudyReport
from dashboards.study_frames import StudyRecord

FORMATS = ("html", "md")


@dataclass(frozen=True)
class Drawn:
    """A figure on its place in a report."""

    figure: Figure
    json: str
    notes: tuple[str, ...]
    height_px: int
    min_width_px: int


def render_report(report: StudyReport, *, file_format: str = "html", theme: str = "light") -> str:
    """The report as text.

    Raises:
        ReportError: There is no such format.
        FigureError: There is no such theme.
    """
    if file_format not in FORMATS:
        msg = f"format: {file_format!r} is not allowed; allowed: {', '.join(FORMATS)}"
        raise ReportError(msg)
    colours = palette(theme)
    spec = yaml.safe_dump(dict(report.spec), sort_keys=False, allow_unicode=True)
    template = _templates().get_template(f"report.{file_format}.jinja")
    if file_format == "md":
        return template.render(report=report, spec=spec)
    return template.render(
        report=report,
        spec=spec,
        drawn=[_drawn(figure, report.record, theme=theme) for figure in CATALOGUE],
        inside=_inside(report, theme=theme),
        colours=colours,
        theme=theme,
        config=CONFIG,
        plotly=plotly_script(),
        script=_source("report.js"),
        style=_source("report.css"),
    )


def _inside(report: StudyReport, *, theme: str) -> list[Drawn]:
    """The figures of mechanism; none where nothing is analysed."""
    if all(found.is_empty for found in report.record.mechanisms):
        return []
    return [_drawn(figure, report.record, theme=theme) for figure in MECHANISM]


def _drawn(figure: Figure, record: StudyRecord, *, theme: str) -> Drawn:
    drawn = figure.draw(record, theme=theme)
    meta = drawn.layout.meta
    return Drawn(
        figure=figure,
        json=embedded(untitled(drawn)),
        notes=tuple(meta["notes"]),
        height_px=int(drawn.layout.height),
        min_width_px=int(meta.get("min_width", 0)),
    )


def _source(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("dashboards.report"),
        autoescape=select_autoescape(["html.jinja"], disabled_extensions=("md.jinja",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["md"] = escaped
    return environment
