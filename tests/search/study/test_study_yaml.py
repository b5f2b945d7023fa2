"""Where YAML as PyYAML reads it would surprise."""

from __future__ import annotations

import pytest
import yaml

from search.study.yaml import load


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-4", 0.0002),
        ("-3E+2", -300.0),
        ("1.5e3", 1500.0),
        ("1e5", 100000.0),
        ("0.008", 0.008),
        ("78", 78),
        ("25%", "25%"),
        ("e5", "e5"),
        ("2e", "2e"),
        ("'2e-4'", "2e-4"),
    ],
)
def test_numbers_are_numbers_and_quoted_ones_are_text(text: str, value: object) -> None:
    read = load(text)
    assert read == value
    assert type(read) is type(value)


def test_json_is_read_too() -> None:
    assert load('{"name": "x", "axes": {"layer": [0, "25%"]}}') == {
        "name": "x",
        "axes": {"layer": [0, "25%"]},
    }


@pytest.mark.parametrize(
    "text", ["seeds: [1]\nseeds: [2]", "axes: {layer: [0], layer: [1]}", '{"name": 1, "name": 2}']
)
def test_a_key_that_stands_twice_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="stands twice"):
        load(text)


def test_code_in_yaml_is_not_run() -> None:
    with pytest.raises(yaml.YAMLError):
        load("!!python/object/apply:os.getcwd []")
