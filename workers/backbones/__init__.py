"""Backbones: names, loading, shapes, sizes, costs, and how their templates write turns."""
