"""The harness' own command line on a model folder gives the cell, item by item."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lm_eval.tasks._index import TaskIndex
from trained_study import TrainedStudy, call

from storage import ArtifactStore
from workers.evaluation.stored_responses import decode_responses


@pytest.fixture(scope="module", autouse=True)
def _tasks_read_once() -> Iterator[None]:
    """Each call of the harness reads all the task files that come with it, which takes seconds."""
    build = TaskIndex.build
    of_folder = cache(lambda folder: build([folder]))

    def build_of(paths: Iterable[Path], **_: Any) -> dict[str, Any]:
        return {name: entry for path in paths for name, entry in of_folder(path).items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskIndex, "build", staticmethod(build_of))
        yield


def test_each_audited_benchmark_scores_what_its_cell_has(
    study: TrainedStudy, model_folder: Path, tmp_path: Path
):
    names = ",".join(f"talan_{cell.benchmark}" for cell in study.cells)
    options = ("--apply_chat_template", "--fewshot_as_multiturn", "false", "--batch_size", "64")
    asked = ("--model", "talan", "--model_args", f"pretrained={model_folder}", "--tasks", names)
    assert (
        call("lm-eval", "run", *asked, *options, "--log_samples", "--output_path", str(tmp_path))
        == 0
    )

    for cell in study.cells:
        file = next(tmp_path.rglob(f"samples_talan_{cell.benchmark}_*.jsonl"))
        samples = [json.loads(line) for line in file.read_text().splitlines()]
        samples.sort(key=lambda sample: sample["doc_id"])
        data = ArtifactStore(study.job.artifact_url).get_bytes(cell.responses.name)
        stored = decode_responses(data)
        assert [sample["doc"]["id"] for sample in samples] == [row.item_id for row in stored]
        assert [sample["resps"][0][0] for sample in samples] == [row.response for row in stored]
        right = [bool(sample[sample["metrics"][0]]) for sample in samples]
        assert right == list(cell.outcomes)
        assert 0 < sum(right) < len(right)


def test_the_commands_own_help_teaches_and_the_harness_has_its_own(
    capsys: pytest.CaptureFixture[str],
):
    assert call("lm-eval", "--help") == 0
    assert "--model talan --model_args pretrained=champion" in " ".join(
        capsys.readouterr().out.split()
    ).replace("│ ", "")
    assert call("lm-eval", "run", "--help") == 0
    assert "--model_args" in capsys.readouterr().out


def test_a_folder_that_is_none_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    asked = ("--model", "talan", "--model_args", f"pretrained={tmp_path}")
    assert call("lm-eval", "run", *asked, "--tasks", "talan_tiny_choice") == 2
    assert "is not a model folder" in capsys.readouterr().err
