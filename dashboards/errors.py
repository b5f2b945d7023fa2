"""What can go wrong in figures, pages and reports: one tree, each a sentence for a person."""

from __future__ import annotations


class DashboardError(Exception):
    """Root of the tree."""


class RecordError(DashboardError):
    """A record is narrowed by something it does not have."""


class FigureError(DashboardError):
    """There is no such figure, or theme, or run to draw."""


class ReportError(DashboardError):
    """A report cannot be written as it is asked for."""


class NoModelError(DashboardError):
    """A run has no trained model to take out, or there is no place for it."""
