"""The same response to the same item is scored once, by whichever worker comes first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from storage.scores import FOLDER, ScoreStore
from workers.evaluation.score_once import ScoreOnce, verdict_name
from workers.suites.registry import get_suite
from workers.suites.tasks import load_tasks

ITEM = {"id": "a-1", "target": "3"}


class _Fickle:
    """A scorer that says something else every time."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, item: Mapping[str, Any], responses: Sequence[str]) -> dict[str, float]:
        self.asked.append(f"{item['id']} {responses[0]}")
        return {"math_verify": float(len(self.asked) % 2), "timed_out": 0.0}


@pytest.fixture(scope="module")
def tasks() -> dict[str, Any]:
    return load_tasks(get_suite("tiny"), ["tiny_algebra", "tiny_choice"])


def _worker(folder: Path, tasks: dict[str, Any], scorer: Any, **settings: str) -> Any:
    task = tasks["tiny_algebra"]
    task.set_config("process_results", scorer)
    ScoreOnce(str(folder)).wrap(task, settings=settings.get("settings", "10 s"))
    return task


def test_a_verdict_stays_what_it_was_first(tmp_path: Path, tasks: dict[str, Any]):
    scorer = _Fickle()
    first = _worker(tmp_path, tasks, scorer).config.process_results
    other = _worker(tmp_path, tasks, scorer).config.process_results
    right = {"math_verify": 1.0, "timed_out": 0.0}
    wrong = {"math_verify": 0.0, "timed_out": 0.0}

    assert [first(ITEM, ["3"]), first(ITEM, ["3"]), other(ITEM, ["3"])] == [right] * 3
    assert other(ITEM, ["4"]) == wrong
    assert first(ITEM | {"id": "a-2"}, ["3"]) == right
    assert scorer.asked == ["a-1 3", "a-1 4", "a-2 3"]
    assert (
        _worker(tmp_path, tasks, scorer, settings="1 s").config.process_results(ITEM, ["3"])
        == wrong
    )


def test_what_is_handed_out_is_a_copy(tmp_path: Path, tasks: dict[str, Any]):
    process = _worker(tmp_path, tasks, _Fickle()).config.process_results
    process(ITEM, ["3"]).clear()
    assert process(ITEM, ["3"])


@pytest.mark.parametrize("damage", [b"", b'{"name": "oth', b"[1]", b'{"name": "other"}'])
def test_a_file_that_is_not_whole_counts_as_absent(
    tmp_path: Path, tasks: dict[str, Any], damage: bytes
):
    scorer = _Fickle()
    _worker(tmp_path, tasks, scorer).config.process_results(ITEM, ["3"])
    (file,) = (tmp_path / FOLDER).rglob("*.json")
    file.write_bytes(damage)

    found = _worker(tmp_path, tasks, scorer).config.process_results(ITEM, ["3"])
    assert found == {"math_verify": 0.0, "timed_out": 0.0}
    assert len(scorer.asked) == 2
    assert [path.suffix for path in (tmp_path / FOLDER).rglob("*.*")] == [".json"]


def test_the_first_of_two_that_write_at_once_is_kept(tmp_path: Path):
    store, name = ScoreStore(str(tmp_path)), "ab" * 32
    assert store.put(name, {"m": 1.0}) == {"m": 1.0}
    assert store.put(name, {"m": 0.0}) == {"m": 1.0}
    assert store.get(name) == {"m": 1.0}
    assert store.get("cd" * 32) is None


def test_halves_of_surrogate_pairs_have_a_name():
    assert verdict_name("s", ITEM, "\ud800") != verdict_name("s", ITEM, "\ud801")


def test_cheap_scorers_are_left_alone(tmp_path: Path, tasks: dict[str, Any]):
    task = tasks["tiny_choice"]
    before = task.config.process_results
    ScoreOnce(str(tmp_path)).wrap(task, settings="")
    assert task.config.process_results is before
