"""The example of a block of one's own: installed as a package, found, audited, restored."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from search.errors import StudyFileError
from search.study.file import parse_study, read_study_file
from search.study.plan import resolve, study_plan
from storage import METHOD
from storage.artifacts import ArtifactStore
from workers.backbones.loading import load_backbone
from workers.interventions.registry import method_names
from workers.interventions.restore import restore
from workers.job.jobs import RunJob
from workers.run.executor import RunExecutor

EXAMPLE = Path(__file__).parents[3] / "examples" / "own-intervention"
IDS = torch.tensor([[5, 6, 7, 8]])
ASKED = {"method": "output_bias", "layers": [0, 1]}


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package as pip installs it, in a folder of its own."""
    source, target = tmp_path / "source", tmp_path / "site"
    shutil.copytree(EXAMPLE, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(target), str(source)], check=True)
    monkeypatch.syspath_prepend(str(target))


@pytest.mark.usefixtures("_installed")
def test_a_block_of_ones_own_is_audited(
    executor: RunExecutor, make_job: Callable[..., RunJob], tmp_path: Path
):
    assert method_names()[-1] == "output_bias"
    runs = study_plan(resolve(read_study_file(EXAMPLE / "study.yaml")), artifact_url="a").runs
    assert [run.method["method"] for run in runs if run.kind == METHOD] == [
        "output_bias",
        "dora",
        "ia3",
    ]
    job = make_job(method=ASKED, training={"max_steps": 2})
    first = executor.begin(job)
    logits = executor.model.eval()(IDS).logits.detach().clone()
    executor.begin(make_job(training={"max_steps": 2}))
    assert not torch.equal(executor.model.eval()(IDS).logits, logits)
    again = executor.begin(job)
    assert (again.losses, again.checkpoint) == (first.losses, first.checkpoint)
    assert torch.equal(executor.model.eval()(IDS).logits, logits)
    note = first.provenance["method"]
    assert note["cost"]["parameters"] == 2 * 32
    assert [one["value"] for one in note["choices"][0]["tries"]] == [0.005, 0.025]

    ArtifactStore(job.artifact_url).get_folder(first.checkpoint.name, tmp_path / "host")
    model, _ = load_backbone(job.backbone)
    plain = model(IDS).logits
    attached = restore(tmp_path / "host", model=model)
    assert torch.equal(attached.model.eval()(IDS).logits, logits)
    attached.detach()
    assert torch.equal(model(IDS).logits, plain)


def test_where_it_is_not_installed_it_is_refused():
    with pytest.raises(StudyFileError, match="no method 'output_bias'; installed are dora"):
        resolve(parse_study({"name": "own", "methods": [ASKED]}))
