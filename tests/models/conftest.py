"""Fixtures of the tests of trained models: one study of two runs for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from trained_study import TrainedStudy, call, train_study

from workers.run.executor import RunExecutor
from workers.run.process import prepare_process


@pytest.fixture(scope="session", autouse=True)
def _prepared_process() -> None:
    prepare_process()


@pytest.fixture(scope="session")
def executor() -> Iterator[RunExecutor]:
    with RunExecutor(device="cpu") as found:
        yield found


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory, executor: RunExecutor) -> TrainedStudy:
    return train_study(tmp_path_factory.mktemp("two"), executor)


@pytest.fixture(scope="session")
def model_folder(study: TrainedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The treatment, taken out with the command line."""
    folder = tmp_path_factory.mktemp("models") / "champion"
    assert call("checkpoint", study.run_id, "-o", str(folder), "--storage", study.storage) == 0
    return folder


@pytest.fixture
def copied(model_folder: Path, tmp_path: Path) -> Path:
    """A copy to be altered."""
    return Path(shutil.copytree(model_folder, tmp_path / "champion"))
