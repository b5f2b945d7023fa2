"""A node that has no data fetches it, and a run there is the run that it is anywhere else."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workers.backbones.inspection import inspect_backbone
from workers.errors import WorkerError
from workers.job.jobs import RunJob
from workers.run.executor import RunExecutor
from workers.run.supplies import at_hand, put_supplies
from workers.suites.fingerprint import suite_fingerprint
from workers.suites.registry import get_suite

SETTINGS = "benchmarks: {mine: numbers}\nmax_new_tokens: 24\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of this node, empty."""
    monkeypatch.setenv("TALAN_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def job(make_job: Callable[..., RunJob], home: Path, tmp_path: Path) -> RunJob:
    """On a suite and a backbone that are folders."""
    backbone, suite = tmp_path / "elsewhere" / "model", tmp_path / "elsewhere" / "suite"
    shutil.copytree(inspect_backbone(make_job().backbone).source, backbone)
    tiny = get_suite("tiny")
    (suite / "items").mkdir(parents=True)
    (suite / "suite.yaml").write_text(SETTINGS)
    lines = tiny.items_file("tiny_arithmetic").read_text().splitlines(keepends=True)
    (suite / "items" / "mine.jsonl").write_text("".join(lines[:6]))
    lines = tiny.train_file.read_text().splitlines(keepends=True)
    (suite / "train.jsonl").write_text("".join(lines[:64]))
    return make_job(
        backbone=str(backbone),
        suite=str(suite),
        benchmarks=("mine",),
        artifact_url=str(tmp_path / "artifacts"),
        training={"max_steps": 2},
    )


def _supplied(job: RunJob) -> RunJob:
    supplies = put_supplies(
        job.artifact_url, get_suite(job.suite), job.benchmarks, backbones=[job.backbone]
    )
    return replace(job, supplies=supplies)


def test_a_run_without_data_is_the_run_with_it(
    job: RunJob, executor: RunExecutor, home: Path, tmp_path: Path
):
    expected = executor.begin(job), executor.evaluate("mine")
    hashes = suite_fingerprint(job.suite), inspect_backbone(job.backbone).fingerprint
    travelling = _supplied(job)
    num_files = sum(1 for _ in (tmp_path / "artifacts").rglob("*"))
    assert _supplied(job) == travelling
    assert sum(1 for _ in (tmp_path / "artifacts").rglob("*")) == num_files
    shutil.rmtree(tmp_path / "elsewhere")

    found = executor.begin(travelling), executor.evaluate("mine")
    assert found[0].checkpoint == expected[0].checkpoint  # the base model's name included
    assert found[0].losses == expected[0].losses
    assert found[0].rests_on == expected[0].rests_on
    assert found[1].responses == expected[1].responses
    assert found[1].rests_on == expected[1].rests_on
    here = at_hand(travelling)
    assert Path(here.backbone).is_relative_to(home)
    assert (suite_fingerprint(here.suite), inspect_backbone(here.backbone).fingerprint) == hashes


def test_a_damaged_file_is_fetched_again(job: RunJob, home: Path):
    travelling = _supplied(job)
    here = at_hand(travelling)
    hashes = suite_fingerprint(here.suite), inspect_backbone(here.backbone).fingerprint
    for file in home.rglob("*.*"):
        if file.is_file():
            file.write_bytes(b"x" * 99)

    again = at_hand(travelling)
    assert again == here
    assert (suite_fingerprint(again.suite), inspect_backbone(again.backbone).fingerprint) == hashes
    assert not list(home.rglob("*.partial"))


def test_a_file_that_the_store_lost_is_named(job: RunJob, executor: RunExecutor, tmp_path: Path):
    travelling = _supplied(job)
    for file in (tmp_path / "artifacts").rglob("*.file"):
        file.unlink()

    with pytest.raises(WorkerError, match=r"artifact sha256-[0-9a-f]{64}\.file is not in "):
        executor.begin(travelling)


def test_what_comes_with_the_package_does_not_travel(make_job: Callable[..., RunJob]):
    job = make_job()
    supplies = put_supplies(
        job.artifact_url, get_suite("tiny"), job.benchmarks, backbones=["tiny-qwen3"]
    )
    assert (supplies.suite, dict(supplies.backbones)) == (None, {})
    here = at_hand(replace(job, supplies=supplies))
    assert (here.suite, here.backbone) == (job.suite, job.backbone)


def test_training_data_of_ones_own_travels_with_a_packaged_suite(job: RunJob, home: Path):
    name = f"tiny trained on {job.suite}/train.jsonl"
    travelling = _supplied(replace(job, suite=name, benchmarks=("tiny_algebra", "tiny_code")))
    fingerprint = suite_fingerprint(name, ["tiny_algebra", "tiny_code"])
    shutil.rmtree(job.suite)

    assert suite_fingerprint(at_hand(travelling).suite) == fingerprint
