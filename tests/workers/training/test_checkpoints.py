"""A trained host in one folder: read back whole, or refused with a sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from attached_host import attach_host

from workers.backbones.loading import load_backbone
from workers.backbones.resident import ResidentBackbone
from workers.errors import CheckpointError
from workers.interventions.adapted import Adapted as Host
from workers.job.jobs import RunJob
from workers.training.checkpoints import load_checkpoint

AXES = {
    "layer": 1,
    "slots": 2,
    "mixer": "per_token_mix",
    "writeback": {"rule": "direct", "gate": None, "alpha": 0.5},
    "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
    "gradient_scale": 1.0,
}
IDS = torch.tensor([[5, 6, 7, 8]])


def _resident(name: str) -> ResidentBackbone:
    model, tokenizer = load_backbone(name)
    return ResidentBackbone(name, model=model, tokenizer=tokenizer)


def _disturbed_host(resident: ResidentBackbone, job: RunJob) -> Host:
    host = attach_host(resident, job)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in host.adapted.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
    host.adapted.eval()
    return host


def _saved(folder: Path, resident: ResidentBackbone, job: RunJob) -> torch.Tensor:
    folder.mkdir()
    host = _disturbed_host(resident, job)
    host.save(folder, backbone="a-backbone")
    logits: torch.Tensor = host.adapted(IDS).logits.detach()
    return logits


@pytest.mark.parametrize(("axes", "sham"), [(None, None), (AXES, None), (AXES, 3)])
def test_saved_host_gives_the_same_logits(
    axes: dict[str, Any] | None, sham: int | None, tmp_path: Path, make_job: Callable[..., RunJob]
):
    job = make_job(configuration=axes, sham=sham)
    logits = _saved(tmp_path / "host", _resident(job.backbone), job)
    model, _ = load_backbone(job.backbone)

    adapted, talan = load_checkpoint(tmp_path / "host", model=model)

    assert (talan is None) == (axes is None)
    assert torch.equal(adapted.eval()(IDS).logits, logits)


def test_files_are_only_safetensors_and_json_without_a_path(
    tmp_path: Path, make_job: Callable[..., RunJob]
):
    job = make_job(configuration=AXES)
    _saved(tmp_path / "host", _resident(job.backbone), job)

    assert {path.name for path in (tmp_path / "host").iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "talan.safetensors",
        "talan_config.json",
        "talan_model.json",
    }
    config = json.loads((tmp_path / "host" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "a-backbone"
    assert config["target_modules"] == ["k_proj", "o_proj", "q_proj", "v_proj"]


@pytest.mark.parametrize(
    "name",
    ["adapter_config.json", "adapter_model.safetensors", "talan.safetensors", "talan_config.json"],
)
def test_a_damaged_file_is_refused_and_the_backbone_left_alone(
    name: str, tmp_path: Path, make_job: Callable[..., RunJob]
):
    job = make_job(configuration=AXES)
    _saved(tmp_path / "host", _resident(job.backbone), job)
    path = tmp_path / "host" / name
    path.write_bytes(path.read_bytes()[:40])
    resident = _resident(job.backbone)

    with pytest.raises(CheckpointError, match="checkpoint"):
        load_checkpoint(tmp_path / "host", model=resident.model)
    resident.restore()


def test_another_backbones_checkpoint_is_refused(
    tmp_path: Path, make_job: Callable[..., RunJob], make_backbone: Callable[[str], str]
):
    job = make_job(configuration=AXES)
    _saved(tmp_path / "host", _resident(job.backbone), job)
    resident = _resident(make_backbone("llama"))

    with pytest.raises(CheckpointError, match="model_type 'qwen3'"):
        load_checkpoint(tmp_path / "host", model=resident.model)
    resident.restore()


def test_a_missing_folder_is_named(tmp_path: Path):
    with pytest.raises(CheckpointError, match="nowhere"):
        load_checkpoint(tmp_path / "nowhere", model=None)
