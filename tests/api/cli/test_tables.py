"""Values for people: configurations, axis values, rates."""

from __future__ import annotations

import pytest
from recorded_study import CONFIGURATIONS, FROZEN, GATE

from api.cli.tables.configurations import configuration_text
from api.cli.tables.style import percent
from search.study.axes import axis_label


def test_configurations_in_a_few_words() -> None:
    assert configuration_text(None) == "baseline"
    assert configuration_text(CONFIGURATIONS[0][0]) == (
        "layer 1, T 2, multihead_local, direct:0.008, all, gamma 500"
    )
    assert configuration_text(CONFIGURATIONS[2][0]) == (
        "layer 1, T 2, cross_attn, direct:0.008, frozen"
    )


@pytest.mark.parametrize(
    ("axis", "value", "text"),
    [
        ("layer", 3, "3"),
        ("mixer", "cross_attn", "cross_attn"),
        ("gradient_scale", 500.0, "500"),
        ("gradient_scale", None, "none"),
        ("writeback", GATE, "gate:vector:0.1"),
        ("trainability", FROZEN, "frozen"),
    ],
)
def test_axis_values(axis: str, value: object, text: str) -> None:
    assert axis_label(axis, value) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(None, ""), (0.0, "0.0%"), (1 / 3, "33.3%"), (1.0, "100.0%")]
)
def test_rates(rate: float | None, text: str) -> None:
    assert percent(rate) == text
