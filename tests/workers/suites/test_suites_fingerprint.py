"""A suite's fingerprint follows its files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from workers.errors import SuiteError
from workers.suites import registry
from workers.suites.fingerprint import suite_fingerprint


@pytest.fixture
def own_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> registry.Suite:
    """A copy of the tiny suite whose files a test may change."""
    tiny = registry.get_suite("tiny")
    copy = replace(
        tiny,
        train_file=Path(shutil.copy(tiny.train_file, tmp_path)),
        tasks_folder=Path(shutil.copytree(tiny.tasks_folder, tmp_path / "tasks")),
        items_folder=Path(shutil.copytree(tiny.items_folder, tmp_path / "items")),
    )
    monkeypatch.setitem(registry._SUITES, "tiny", copy)
    return copy


def test_follows_every_file(own_suite: registry.Suite) -> None:
    seen = {suite_fingerprint("tiny")}
    task = next(iter(sorted(own_suite.tasks_folder.glob("*.yaml"))))
    for path in (own_suite.train_file, own_suite.items_file("tiny_code"), task):
        path.write_text(path.read_text() + "\n")
        seen.add(suite_fingerprint("tiny"))
    assert len(seen) == 4


def test_a_missing_file_is_one_sentence(own_suite: registry.Suite) -> None:
    own_suite.train_file.unlink()
    with pytest.raises(SuiteError, match="training data of suite tiny is missing"):
        suite_fingerprint("tiny")
