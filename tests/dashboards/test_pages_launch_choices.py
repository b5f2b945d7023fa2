"""What the launch form offers, and what it makes of pasted text."""

from __future__ import annotations

import pytest

from dashboards.pages import launch_page
from dashboards.pages.launch_page import StudyTextError, read_study_text
from talan.vocabulary import GATES, MIXERS, RULES, SCOPES
from workers.job.jobs import AdapterSpec
from workers.suites.registry import resolve_benchmarks


def test_the_form_offers_what_there_is() -> None:
    assert sorted(launch_page.MIXERS) == sorted(MIXERS)
    assert sorted(launch_page.RULES) == sorted(RULES)
    assert sorted(launch_page.GATES) == sorted(GATES)
    assert sorted(launch_page.SCOPES) == sorted(SCOPES)
    for kind in launch_page.ADAPTERS:
        AdapterSpec.from_record({"type": kind, "r": 8, "alpha": 16, "target_modules": ["q_proj"]})
    assert resolve_benchmarks(launch_page.SUITES[0])[0].name == "tiny"


def test_text_is_read_as_a_study_file_is() -> None:
    found = read_study_text("name: a\naxes: {layer: [25%, 1], gradient_scale: [5e2]}")
    assert found == {"name": "a", "axes": {"layer": ["25%", 1], "gradient_scale": [500.0]}}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a: &x [1]\nb: [*x, *x]", "aliases"),
        ("name: [", "not valid YAML"),
        ("name: a\nname: b", "stands twice"),
        ("when: 2026-01-01", "dates go in quotes"),
        ("x: .nan", "numbers"),
        ("[" * 100_000, "nested too deeply"),
        ("- " * 100_000, "nested too deeply"),
        ("a: !!python/object/apply:os.system [true]", "not valid YAML"),
    ],
)
def test_text_that_is_no_study_is_refused_in_a_sentence(text: str, word: str) -> None:
    with pytest.raises(StudyTextError, match=word):
        read_study_text(text)
