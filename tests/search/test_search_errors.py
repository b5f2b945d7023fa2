"""Sentences that name a value and what is allowed."""

from __future__ import annotations

import pytest

from search.errors import EngineError, SearchError, StudyBusyError, StudyFileError, one_of, refuse


@pytest.mark.parametrize("kind", [StudyFileError, StudyBusyError, EngineError])
def test_one_tree(kind: type[Exception]) -> None:
    assert issubclass(kind, SearchError)


def test_a_refusal_names_key_value_and_what_is_allowed() -> None:
    error = refuse("axes.layer", 9, "0 to 5")
    assert isinstance(error, StudyFileError)
    assert str(error) == "axes.layer: 9 is not allowed; allowed: 0 to 5"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("mixr", "layer, mixer (did you mean mixer?)"),
        ("zzz", "layer, mixer"),
        (3, "layer, mixer"),
        (None, "layer, mixer"),
    ],
)
def test_the_closest_name_is_pointed_out(value: object, text: str) -> None:
    assert one_of(["layer", "mixer"], value) == text
