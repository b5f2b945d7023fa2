"""Figures of audits: facts first, then plotly."""

from dashboards.figures.catalogue import CATALOGUE, MECHANISM, Figure, find_figure

__all__ = ["CATALOGUE", "MECHANISM", "Figure", "find_figure"]
