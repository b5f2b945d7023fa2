"""Where YAML as PyYAML reads it would surprise."""

from __future__ import annotations

import pytest
import yaml

from workers.data.yaml_text import load_yaml


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
        ("042", 42),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e20", 1e20),
        ("-.5", -0.5),
        (".inf", float("inf")),
        ("2026-02-30", "2026-02-30"),
        ("2026-02-03", "2026-02-03"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
    ],
)
def test_numbers_are_numbers_and_quoted_ones_are_text(text: str, value: object) -> None:
    read = load_yaml(text)
    assert read == value
    assert type(read) is type(value)


def test_json_is_read_too() -> None:
    assert load_yaml('{"name": "x", "axes": {"layer": [0, "25%"]}}') == {
        "name": "x",
        "axes": {"layer": [0, "25%"]},
    }


@pytest.mark.parametrize(
    "text", ["seeds: [1]\nseeds: [2]", "axes: {layer: [0], layer: [1]}", '{"name": 1, "name": 2}']
)
def test_a_key_that_stands_twice_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="occurs twice"):
        load_yaml(text)


def test_code_in_yaml_is_not_run() -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml("!!python/object/apply:os.getcwd []")


def test_aliases_stand_for_what_they_name() -> None:
    assert load_yaml("a: &a [1, 2]\nb: *a\nc: {<<: {d: 1}, e: 2}") == {
        "a": [1, 2],
        "b": [1, 2],
        "c": {"d": 1, "e": 2},
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 50, "nested too deeply; allowed: 40 levels"),
        ("[" * 100_000, "nested too deeply"),
        ("a: &a [*a]", "is part of its own value"),
        ("9" * 5000, "not a whole number that can be read"),
        ("a: " + "x" * 5_000_000, "has 5000003 characters"),
        ("!!timestamp 2026-02-03", "could not determine a constructor"),
        ("{[1]: 2}", "unhashable key"),
    ],
)
def test_what_cannot_be_built_is_refused(text: str, reason: str) -> None:
    with pytest.raises(yaml.YAMLError, match=reason):
        load_yaml(text)


def test_aliases_of_aliases_do_not_grow_without_bound() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    with pytest.raises(yaml.YAMLError, match="too many values"):
        load_yaml("\n".join(lines))
