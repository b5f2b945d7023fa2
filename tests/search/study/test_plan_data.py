"""Studies on data of their own: a folder as a suite, another training file, and their identity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from search.errors import StudyFileError
from search.study.file import parse_study
from search.study.plan import Audit, resolve

SETTINGS = "benchmarks: {own_sums: numbers}\nmax_new_tokens: 24\n"
EXAMPLE = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]}


def audit(**keys: Any) -> Audit:
    return resolve(parse_study({"name": "mine", **keys}))


def lines(path: Path, *rows: dict[str, Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite of one benchmark, as a person writes it."""
    folder = tmp_path / "own"
    lines(folder / "train.jsonl", EXAMPLE)
    lines(folder / "items" / "own_sums.jsonl", {"id": "s-0", "prompt": "1 + 1?", "target": "2"})
    (folder / "suite.yaml").write_text(f"{SETTINGS}recipe: {{max_steps: 3}}\n")
    return folder


def test_other_training_data_are_another_study_and_follow_the_content(tmp_path: Path) -> None:
    plain = audit()
    file = lines(tmp_path / "train.jsonl", EXAMPLE)
    trained = audit(training_data=file)
    assert audit(training_data=str(tmp_path)).recipe_hash == trained.recipe_hash
    assert trained.suite.train_file == Path(file)
    assert trained.benchmarks == plain.benchmarks
    assert trained.recipe_hash != plain.recipe_hash
    before = trained.recipe_hash
    lines(tmp_path / "train.jsonl", EXAMPLE, EXAMPLE)
    assert audit(training_data=file).recipe_hash != before


def test_where_the_data_lie_makes_no_difference(tmp_path: Path) -> None:
    hashes = {
        audit(training_data=lines(tmp_path / place / "train.jsonl", EXAMPLE)).recipe_hash
        for place in ("here", "there")
    }
    assert len(hashes) == 1


def test_a_file_without_the_key_keeps_its_hash() -> None:
    without = parse_study({"name": "mine"})
    assert parse_study({"name": "mine", "training_data": None}).spec_hash == without.spec_hash
    assert parse_study({"name": "mine", "training_data": "x"}).spec_hash != without.spec_hash


def test_training_data_that_are_not_there_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StudyFileError, match=r"^training_data is '.*gone', and there is no file "):
        audit(training_data=str(tmp_path / "gone"))


def test_a_folder_is_a_suite(suite: Path) -> None:
    found = audit(benchmarks=str(suite))
    assert (found.benchmarks, found.recipe.max_steps) == (("own_sums",), 3)
    before = found.recipe_hash
    lines(suite / "items" / "own_sums.jsonl", {"id": "s-0", "prompt": "1 + 2?", "target": "3"})
    assert audit(benchmarks=str(suite)).recipe_hash != before


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("benchmarks: {}", "benchmarks is {}; allowed: a mapping of names to kinds ("),
        ("benchmarks: {own_sums: sums}", "benchmarks.own_sums is 'sums': Input should be 'lette"),
        (f"{SETTINGS}items: x", "items is 'x': Extra inputs are not permit"),
        (f"{SETTINGS}recipe: {{steps: 1}}", "training has no key 'steps'; al"),
        (
            "benchmarks: {own_sums: numbers}",
            "max_new_tokens is missing; allowed: a whole",
        ),
        (
            "benchmarks: {own_other: code}\nmax_new_tokens: 9",
            "The data of benchmark own_other is missing: there is",
        ),
        ("extends: huge", "There is no suite 'huge'; allowed: tiny, paper, a folder with sui"),
        ("extends: tiny\nbenchmarks: [mbpp]", "benchmarks is ['mbpp']; allowed: a list of some"),
        ("max_new_tokens: 0\nextends: tiny", "max_new_tokens is 0: Input should be greater than"),
        ("[", "suite.yaml cannot be read: "),
    ],
)
def test_a_folder_with_a_wrong_key_is_one_sentence(
    suite: Path, content: str, sentence: str
) -> None:
    (suite / "suite.yaml").write_text(content)
    with pytest.raises(StudyFileError, match=r"^[^\n]+$") as caught:
        audit(benchmarks=str(suite))
    assert sentence in str(caught.value)
