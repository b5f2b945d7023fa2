"""Figures of audits: facts first, then plotly."""

from dashboards.figures.catalogue import CATALOGUE, Figure, find_figure

__all__ = ["CATALOGUE", "Figure", "find_figure"]
