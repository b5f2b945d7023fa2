"""Overlaps found by construction, and texts that only look like one."""

from __future__ import annotations

import pytest

from workers.mixture.overlap import OverlapIndex, words_of
from workers.suites.benchmark import Benchmark

LONG = (
    "A gardener plants seven rows of thirteen tulips and nine loose ones beside the old wall; "
    "how many tulips are there?"
)
ITEMS = (
    {"id": "long", "question": LONG, "target": "100"},
    {"id": "short", "text": "Write a function to count even numbers of a list."},
    {"id": "tiny", "problem": "Compute $7!$.", "target": "We have $7! = \\boxed{5040}$."},
    {
        "id": "tests",
        "text": "?",
        "tests": ["assert count_even([1, 2, 4, 8, 16]) == 4", "assert count_even([3, 5]) == 0"],
    },
)

READ = Benchmark("code", ("question", "text", "problem"), ("target", "tests"))


@pytest.fixture(scope="module")
def index() -> OverlapIndex:
    made = OverlapIndex(ngram_words=13)
    for item in ITEMS:
        made.add(item, READ)
    return made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LONG, "long"),
        (LONG.upper().replace(" ", "\n- ").replace(";", " ..."), "long"),
        ("Listen: seven rows of thirteen tulips and nine loose ones beside the old wall.", "long"),
        ("seven rows of thirteen tulips and nine loose ones beside the old", None),  # 12 words
        (LONG.replace("thirteen", "twelve").replace("loose", "odd"), None),
        ("Please WRITE a function, to count 'even' numbers of a list! Thanks.", "short"),
        ("Write a function to count odd numbers of a list.", None),
        ("compute 7", "tiny"),
        ("Now compute 7 again", None),
        ("It is assert count_even([1,2,4,8,16])==4\nassert count_even([3,5])==0", "tests"),
        ("", None),
    ],
)
def test_find(index: OverlapIndex, text: str, found: str | None) -> None:
    assert index.find(text) == found


def test_words_are_without_case_and_punctuation_in_any_script() -> None:
    assert words_of("ÉTÉ, ﬁn: x_1 + \uff15 = Straße") == ("été", "fin", "x_1", "5", "strasse")
