"""The sentence on gamma comes where a study has several that act on the gradient."""

from __future__ import annotations

from typing import Any

import pytest

from search.study.file import parse_study
from search.study.gamma_note import GAMMA_NOTE, gamma_note


@pytest.mark.parametrize(
    ("keys", "due"),
    [
        ({}, False),
        ({"axes": {"gradient_scale": [500]}}, False),
        ({"axes": {"gradient_scale": [1, 500]}}, True),
        ({"configurations": [{"layer": 1}, {"layer": 2, "gradient_scale": 500}]}, True),
        ({"configurations": [{"layer": 1}, {"layer": 2}]}, False),
    ],
)
def test_it_is_due_with_several_values(keys: dict[str, Any], due: bool) -> None:
    file = parse_study({"name": "scaled", **keys})
    assert gamma_note(file) == (GAMMA_NOTE if due else None)
