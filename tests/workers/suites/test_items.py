"""Every item is checked by its kind before anything runs, and named by its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from search.errors import StudyFileError
from search.study.file import parse_study
from search.study.plan import resolve
from workers.errors import SuiteError
from workers.suites.items import check_references, read_items
from workers.suites.registry import get_suite
from workers.suites.scoring.programs import close_sandbox
from workers.suites.tasks import load_tasks

SOUND: dict[str, dict[str, Any]] = {
    "letters": {"prompt": "2 + 2?", "choices": ["3", "4"], "target": "(B)"},
    "numbers": {"prompt": "2 + 2?", "target": "4"},
    "algebra": {"prompt": "Solve 2x = 1.", "target": "\\boxed{\\frac{1}{2}}"},
    "code": {"prompt": "Double.", "tests": ["assert f(1) == 2"], "target": "def f(x): return 2*x"},
}
TALK = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}


@pytest.fixture(autouse=True)
def _no_sandbox_left():
    yield
    close_sandbox()


def suite(folder: Path, kind: str, *items: Any) -> str:
    (folder / "items").mkdir()
    name = f"own_{kind}"
    (folder / "items" / f"{name}.jsonl").write_text("".join(json.dumps(i) + "\n" for i in items))
    (folder / "train.jsonl").write_text(json.dumps(TALK) + "\n")
    (folder / "suite.yaml").write_text(f"benchmarks: {{{name}: {kind}}}\nmax_new_tokens: 8\n")
    return str(folder)


def refusal(folder: str) -> str:
    """What a launch says, and a dry run: both resolve the study."""
    with pytest.raises(StudyFileError) as caught:
        resolve(parse_study({"name": "mine", "benchmarks": folder}))
    return str(caught.value)


@pytest.mark.parametrize("kind", SOUND)
def test_sound_items_are_taken(tmp_path: Path, kind: str) -> None:
    folder = suite(tmp_path, kind, {"id": "a", **SOUND[kind]})
    audit = resolve(parse_study({"name": "mine", "benchmarks": folder}))

    assert read_items(audit.suite, f"own_{kind}") == [{"id": "a", **SOUND[kind]}]


@pytest.mark.parametrize("key", ["id", "prompt", "target"])
@pytest.mark.parametrize("kind", SOUND)
@pytest.mark.parametrize("value", [None, "", " \n", 4, ["4"]])
def test_what_every_item_says(tmp_path: Path, kind: str, key: str, value: object) -> None:
    folder = suite(
        tmp_path, kind, {"id": "a", **SOUND[kind]}, {"id": "b", **SOUND[kind], key: value}
    )

    assert f"own_{kind}.jsonl:2: {key} is {value!r}; allowed: text" in refusal(folder)


@pytest.mark.parametrize("kind", SOUND)
def test_a_missing_reference_is_said(tmp_path: Path, kind: str) -> None:
    without = {key: value for key, value in SOUND[kind].items() if key != "target"}
    assert "target is missing" in refusal(suite(tmp_path, kind, {"id": "a", **without}))


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        ("letters", {"choices": "34"}, "choices is '34'; allowed: a list of at least 2 texts"),
        ("letters", {"choices": ["4"]}, "choices is ['4']; allowed: a list of at least 2"),
        ("letters", {"choices": ["3", ""]}, "none empty"),
        ("letters", {"choices": ["3", 4]}, "choices is ['3', 4]"),
        ("letters", {"choices": ["4", "4"]}, "choices have the right one, '4', twice"),
        ("letters", {"target": "(C)"}, "target is '(C)'; allowed: (A) to (B)"),
        ("letters", {"target": "B"}, "target is 'B'; allowed: (A) to (B)"),
        ("letters", {"choices": None}, "choices is None"),
        ("numbers", {"target": "four"}, "which its own scorer does not accept"),
        ("algebra", {"target": "none"}, "which its own scorer does not accept"),
        ("code", {"tests": "assert f(1) == 2"}, "tests is 'assert f(1) == 2'; allowed: a list"),
        ("code", {"tests": []}, "tests is []; allowed: a list of at least 1 texts"),
        ("code", {"tests": ["assert f("]}, "tests have 'assert f(', which is not Python"),
        ("code", {"target": "def f(x): return x"}, "which its own scorer does not accept"),
    ],
)
def test_what_a_kind_needs(
    tmp_path: Path, kind: str, change: dict[str, Any], sentence: str
) -> None:
    assert sentence in refusal(suite(tmp_path, kind, {"id": "a", **SOUND[kind], **change}))


def test_no_item_stands_twice(tmp_path: Path) -> None:
    item = {"id": "a", **SOUND["numbers"]}
    (tmp_path / "ids").mkdir()
    (tmp_path / "contents").mkdir()

    twice = suite(tmp_path / "ids", "numbers", item, {**item, "prompt": "4?"})
    assert "own_numbers.jsonl:2: the id 'a' occurs twice" in refusal(twice)
    again = suite(tmp_path / "contents", "numbers", item, {**item, "id": "b"})
    assert "own_numbers.jsonl:2 is the item of line 1 again" in refusal(again)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "has no items"),
        ("[]\n", "own_numbers.jsonl:1: is []; allowed: a mapping with id, prompt, target"),
        ('{"id": "a"', "cannot be read: line 1 is not JSON"),
        ('{"id": "\\ud800"}', "line 1 holds half a character"),
    ],
)
def test_a_file_that_holds_no_items(tmp_path: Path, content: str, sentence: str) -> None:
    folder = suite(tmp_path, "numbers")
    (tmp_path / "items" / "own_numbers.jsonl").write_text(content)
    assert sentence in refusal(folder)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    own = get_suite(suite(tmp_path, "numbers", {"id": "a", **SOUND["numbers"]}))
    check_references(own, "own_numbers")
    own.items_file("own_numbers").write_text('{"id": "a", "prompt": "1?", "target": "one"}\n')

    with pytest.raises(SuiteError, match="does not accept"):
        check_references(own, "own_numbers")


def test_the_harness_is_given_the_items_as_they_are(tmp_path: Path) -> None:
    """Its own reader of JSON takes a column of days for times."""
    items = [
        {"id": "2026-02-03", "prompt": "2026-02-03", "target": "3", "level": 1},
        {"id": "2026-02-04", "prompt": "2026-02-04", "target": "4", "level": "two"},
    ]
    folder = suite(tmp_path, "numbers", *items)
    file = tmp_path / "items" / "own_numbers.jsonl"
    file.write_text("\ufeff\n" + file.read_text())
    task = load_tasks(get_suite(folder), ["own_numbers"])["own_numbers"]

    docs = list(task.test_docs())
    assert [doc["prompt"] for doc in docs] == ["2026-02-03", "2026-02-04"]
    assert [doc["id"] for doc in docs] == ["2026-02-03", "2026-02-04"]
