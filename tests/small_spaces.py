"""Spaces for the search tests: the example's, and one small enough to be listed by hand."""

from __future__ import annotations

from typing import Any

from search.study.keys import Axes
from search.study.space import Space, build_space
from talan.vocabulary import MIXERS

GATE = {"rule": "gate", "gate": "vector", "alpha": 0.008}
DIRECT = {"rule": "direct", "alpha": 0.008}
EXAMPLE_AXES = {
    "layer": [0, 1, 2],
    "slots": [2, 4],
    "mixer": list(MIXERS),
    "writeback": [GATE, DIRECT],
    "trainability": [{"scope": "all"}, {"scope": "all", "train_until": 20}, {"scope": "frozen"}],
    "gradient_scale": [1, 500],
}
SMALL_AXES = {
    "layer": [1],
    "mixer": ["cross_attn", "per_token_mix"],
    "trainability": [{"scope": "all"}, {"scope": "frozen"}],
    "gradient_scale": [1, 500],
}


def space_of(axes: dict[str, Any], *, num_layers: int = 6, max_steps: int = 78) -> Space:
    """The space of some axes on a backbone of ``num_layers`` blocks."""
    return build_space(
        Axes.model_validate(axes),
        backbone="six-blocks",
        num_layers=num_layers,
        block={},
        max_steps=max_steps,
    )
