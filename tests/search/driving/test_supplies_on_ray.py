"""Two Ray nodes on one machine, each with a data folder of its own and neither with the data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from search.driving.audits import Engine, drive, launch
from search.study.file import parse_study
from storage import AuditStore
from workers.backbones.inspection import inspect_backbone
from workers.suites.registry import get_suite

NODES = ("first", "second")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """One CPU a node, so that each has one of two workers."""
    cluster = Cluster()
    for name in NODES:
        cluster.add_node(
            num_cpus=1,
            include_dashboard=False,
            include_log_monitor=False,
            no_monitor=True,  # nothing is scaled here
            env_vars={"TALAN_DATA": str(tmp_path / name)},
        )
    yield cluster.address
    cluster.shutdown()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A suite and a backbone, where only the driver is."""
    folder, tiny = tmp_path / "elsewhere", get_suite("tiny")
    shutil.copytree(inspect_backbone("tiny-qwen3").source, folder / "model")
    (folder / "suite" / "items").mkdir(parents=True)
    settings = "benchmarks: {mine: numbers}\nmax_new_tokens: 16\n"
    (folder / "suite" / "suite.yaml").write_text(settings)
    for source, target, most in (
        (tiny.items_file("tiny_arithmetic"), "items/mine.jsonl", 4),
        (tiny.train_file, "train.jsonl", 32),
    ):
        lines = source.read_text().splitlines(keepends=True)
        (folder / "suite" / target).write_text("".join(lines[:most]))
    return folder


def test_nodes_without_data_fetch_it(
    store: AuditStore, cluster: str, elsewhere: Path, tmp_path: Path
) -> None:
    file = parse_study(
        {
            "name": "scattered",
            "backbones": [str(elsewhere / "model")],
            "benchmarks": str(elsewhere / "suite"),
            "axes": {"slots": [1, 2, 3, 4, 5, 6, 7, 8]},
            "training": {
                "max_steps": 1,
                "batch_size": 4,
                "gradient_accumulation": 1,
                "dtype": "float32",
                "max_length": 256,
                "num_examples": 32,
            },
            "resources": {"workers": 2},
        }
    )
    launch(store, file, artifact_url=str(tmp_path / "artifacts"))

    def lose_data(*_: object) -> None:
        shutil.rmtree(elsewhere, ignore_errors=True)

    engine = Engine(ray_address=cluster)
    assert drive(store, "scattered", engine=engine, observer=lose_data) == "completed"

    runs = list(store.runs.iterate("scattered"))
    assert not elsewhere.exists()
    assert {run.state for run in runs} == {"completed"}
    assert {run.worker for run in runs} == {"worker-0", "worker-1"}
    for name in NODES:
        fetched = {path.name for path in (tmp_path / name / "bundles").rglob("*.*")}
        assert {"mine.jsonl", "train.jsonl", "suite.yaml", "model.safetensors"} <= fetched
