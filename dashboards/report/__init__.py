"""Reports: a study as one self-contained file."""

from dashboards.report.render import FORMATS, render_report
from dashboards.report.study_report import StudyReport, load_report

__all__ = ["FORMATS", "StudyReport", "load_report", "render_report"]
