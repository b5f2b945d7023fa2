"""Overlaps found by construction, and texts that only look like one."""

from __future__ import annotations

import pytest

from workers.mixture.overlap import Overlap, OverlapIndex, words_of
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
    overlap = index.find(text)
    assert (overlap and overlap.item) == found


def test_what_both_have_is_said(index: OverlapIndex) -> None:
    part = "seven rows of thirteen tulips and nine loose ones beside the old wall"
    overlap = index.find(f"Listen: {part}!")
    assert overlap == Overlap("long", "question", part, 13 / 21)
    assert index.find(str(ITEMS[3]["tests"])).of == "reference"


PROOF = (
    "By the formula for the sum of the first n terms of an arithmetic sequence we get the number, "
    "and since the area of a triangle is half its base times its height the tulips come to "
    "fifty one in all, which is what the gardener told his neighbour on the way to the market."
)


def test_a_phrase_of_a_solution_is_no_overlap_and_the_solution_is_one() -> None:
    made = OverlapIndex(ngram_words=13)
    made.add(
        {"id": "one", "question": "How many tulips stand in all the beds?", "target": PROOF}, READ
    )
    phrase = "the sum of the first n terms of an arithmetic sequence we get the number"

    assert made.find(f"Here {phrase} twelve.") is None
    assert made.find(f"It goes like this. {PROOF}").of == "reference"
    strict = OverlapIndex(ngram_words=13, share=0.05)
    strict.add({"id": "one", "question": "How many?", "target": PROOF}, READ)
    assert strict.find(f"Here {phrase} twelve.").words == phrase


def test_figures_and_alphabets_are_no_overlap() -> None:
    figure = "[asy] size(100); draw((0,0)--(1,0)--(1,1)--(0,1)--cycle); label(A, (0,0), SW); [/asy]"
    question = f"What is the area of the shaded square in this figure, of the two? {figure}"
    letters = (
        "The cards are a, b, c, d, e, f, g, h, i, j, k, l, m, n. Which letter comes next then?"
    )
    made = OverlapIndex(ngram_words=13)
    made.add({"id": "figure", "question": question, "target": "4"}, READ)
    made.add({"id": "letters", "question": letters, "target": "o"}, READ)

    assert made.find(f"Another figure altogether: {figure}") is None
    assert made.find(question.replace(figure, "")).item == "figure"
    assert made.find("a b c d e f g h i j k l m n") is None
    assert made.find(letters).item == "letters"


def test_words_are_without_case_and_punctuation_in_any_script() -> None:
    assert words_of("ÉTÉ, ﬁn: x_1 + \uff15 = Straße") == ("été", "fin", "x_1", "5", "strasse")
