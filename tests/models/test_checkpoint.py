"""A run taken out of the record: the folder, its card, over the command line, REST and its page."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from huggingface_hub import ModelCard
from safetensors.torch import load_file
from trained_study import TrainedStudy, call

from api.rest.app import create_app
from storage import ArtifactStore, AuditStore
from talan.model_folder import MANIFEST, read_model_folder

FILES = {
    "README.md",
    "adapter_config.json",
    "adapter_model.safetensors",
    "talan.safetensors",
    "talan_config.json",
    MANIFEST,
}


@pytest.fixture
def client(study: TrainedStudy) -> Iterator[TestClient]:
    with TestClient(create_app(study.storage), base_url="http://localhost") as found:
        yield found


def test_the_folder_is_the_stored_one_with_a_card(study: TrainedStudy, model_folder: Path):
    assert {path.name for path in model_folder.iterdir()} == FILES
    stored = model_folder.parent / "stored"
    artifacts = ArtifactStore(study.job.artifact_url)
    artifacts.get_folder(study.trained.checkpoint.name, stored)
    for name in FILES - {"README.md"}:
        assert (model_folder / name).read_bytes() == (stored / name).read_bytes(), name
    found = read_model_folder(model_folder)
    assert (found.intervention, found.base.name, found.dtype) == ("talan", "tiny-qwen3", "float32")


def test_the_card_says_what_was_measured_and_that_it_is_not_confirmed(
    study: TrainedStudy, model_folder: Path
):
    card = ModelCard.load(model_folder / "README.md")
    first, *_ = card.text.strip().splitlines()
    assert first.startswith("**Not confirmed.** Nobody has repeated this run at fresh seeds.")
    assert card.data.library_name == "peft"
    scores = {result.dataset_name: result.metric_value for result in card.data.eval_results}
    assert scores == {cell.benchmark: cell.score for cell in study.cells}
    with AuditStore.open(study.storage) as store:
        run = store.runs.get(study.run_id)
    for name, cell in run.cells.items():
        row = f"| {name.replace('_', chr(92) + '_')} | 128 | {cell.score:.1f}% |"
        assert f"{row} {cell.baseline_score:.1f}% | {cell.delta:+.2f} |" in card.text
    for said in (
        f"{'1' if run.g1 else '0'} of 1 runs are G1",
        "rotation test",
        "No test against null runs: there are none.",
        "| Layer | 1 |",
        "| max\\_steps | 4 |",
        "hash of the training text",
        'from_pretrained("champion")',
        study.trained.checkpoint.name,
    ):
        assert said in card.text, said
    assert str(study.folder) not in card.text


def test_a_baselines_card_says_that_it_is_one(study: TrainedStudy, tmp_path: Path):
    asked = ("checkpoint", study.baseline_id, "-o", str(tmp_path / "b"), "--storage", study.storage)
    assert call(*asked) == 0
    card = ModelCard.load(tmp_path / "b" / "README.md")
    assert card.text.strip().startswith("**A baseline: the adapter alone")
    assert read_model_folder(tmp_path / "b").intervention == "none"


def _refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert call(*arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_a_folder_that_is_not_empty_is_left_alone(
    study: TrainedStudy, copied: Path, capsys: pytest.CaptureFixture[str]
):
    asked = ("checkpoint", study.run_id, "-o", str(copied), "--storage", study.storage)
    assert "is there already; allowed: a new folder, or an empty one" in _refusal(capsys, *asked)
    assert (copied / "README.md").is_file()


def test_an_altered_artifact_is_noticed(
    study: TrainedStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    name = study.trained.checkpoint.name
    path = next(Path(study.job.artifact_url).rglob(name))
    kept = path.read_bytes()
    asked = ("checkpoint", study.run_id, "-o", str(tmp_path / "x"), "--storage", study.storage)
    try:
        path.write_bytes(kept[:-1] + b"x")
        assert "is not what its name says" in _refusal(capsys, *asked)
    finally:
        path.write_bytes(kept)
    assert "there is no run '0123456789abcdef'" in _refusal(
        capsys, "checkpoint", "0123456789abcdef", *asked[2:]
    )


def test_rest_streams_the_same_folder(
    study: TrainedStudy, model_folder: Path, client: TestClient, tmp_path: Path
):
    answer = client.get(f"/api/v1/runs/{study.run_id}/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-tar"
    name = f"run-{study.run_id}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.tar"'
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        tar.extractall(tmp_path, filter="data")
    assert {path.name for path in (tmp_path / name).iterdir()} == FILES
    tensors, expected = (
        load_file(at / "talan.safetensors") for at in (tmp_path / name, model_folder)
    )
    assert all((tensors[key] == expected[key]).all() for key in expected | tensors)


def test_rest_says_why_there_is_none(study: TrainedStudy, client: TestClient):
    missing = client.get("/api/v1/runs/0123456789abcdef/checkpoint")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:talan:problem:run-not-found")
    path = next(Path(study.job.artifact_url).rglob(study.trained.checkpoint.name))
    shutil.move(path, path.with_suffix(".away"))
    try:
        gone = client.get(f"/api/v1/runs/{study.run_id}/checkpoint")
    finally:
        shutil.move(path.with_suffix(".away"), path)
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:talan:problem:artifact-missing")


def test_the_runs_page_has_the_button_and_the_lines_that_load_it(
    study: TrainedStudy, client: TestClient
):
    page = client.get(f"/runs/{study.run_id}").text
    assert f'href="/api/v1/runs/{study.run_id}/checkpoint">Download the model folder' in page
    assert f"from_pretrained(&#34;run-{study.run_id}&#34;)" in page or (
        f'from_pretrained("run-{study.run_id}")' in page
    )
