"""What the launch form offers, and what it makes of pasted text."""

from __future__ import annotations

import pytest

from dashboards.pages.launch_page import StudyTextError, read_study_text


def test_text_is_read_as_a_study_file_is() -> None:
    found = read_study_text("name: a\naxes: {layer: [25%, 1], gradient_scale: [5e2]}")
    assert found == {"name": "a", "axes": {"layer": ["25%", 1], "gradient_scale": [500.0]}}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a: &x [1]\nb: [*x, *x]", "aliases"),
        ("name: [", "not valid YAML"),
        ("name: a\nname: b", "occurs twice"),
        ("x: .nan", "numbers"),
        ("[" * 100_000, "nested too deeply"),
        ("- " * 100_000, "nested too deeply"),
        ("a: !!python/object/apply:os.system [true]", "not valid YAML"),
    ],
)
def test_text_that_is_no_study_is_refused_in_a_sentence(text: str, word: str) -> None:
    with pytest.raises(StudyTextError, match=word):
        read_study_text(text)
