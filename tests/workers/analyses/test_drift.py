"""Drift against a plain reading, and what a tensor that nobody trained looks like."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from attached_host import attach_host
from safetensors.torch import load_file
from stored_hosts import Stored

from storage.artifacts import ArtifactStore
from talan import TalanConfig, attach
from workers.analyses.drift import relative_distance
from workers.backbones.loading import load_backbone


@pytest.mark.parametrize("architecture", ["qwen3", "qwen3_moe", "llama"])
def test_drift_is_the_plain_reading(make_stored: Callable[..., Stored], architecture: str) -> None:
    stored = make_stored(architecture)
    found = stored.analyse("drift").summary
    config = TalanConfig.from_axes(dict(stored.axes))
    fresh = attach(load_backbone(stored.job.backbone)[0], config, seed=stored.job.seed)
    first = {name: t.double().numpy() for name, t in fresh.block.state_dict().items()}
    with tempfile.TemporaryDirectory() as folder:
        ArtifactStore(str(stored.folder)).get_folder(stored.checkpoints["run"], folder)
        saved = load_file(Path(folder) / "talan.safetensors")
    rows = {row["tensor"]: row for row in (*found["tensors"], *found["key_biases"])}
    assert set(rows) == set(saved)
    for name, tensor in saved.items():
        a, b = tensor.double().numpy(), first[name]
        largest = max(np.linalg.norm(a.ravel()), np.linalg.norm(b.ravel()))
        assert rows[name]["drift"] == pytest.approx(np.linalg.norm((a - b).ravel()) / largest)
    assert [row["tensor"] for row in found["key_biases"]] == ["mixer.key.bias"]
    assert found["verdict"] == "TRAINED"
    kinds = {name: row["kind"] for name, row in rows.items()}
    assert kinds["writeback.gate_vector"] == kinds["mixer.token_norm.weight"] == "fixed"
    assert kinds["summarizer.theme_queries"] == "random"


def test_a_block_that_nobody_trained_is_frozen_and_looks_fresh(
    make_stored: Callable[..., Stored], make_job
) -> None:
    stored = make_stored()
    job = make_job(
        backbone=stored.job.backbone, configuration=stored.axes, artifact_url=str(stored.folder)
    )
    host = attach_host(stored.resident, job)
    with tempfile.TemporaryDirectory() as folder:
        host.save(Path(folder), backbone=job.backbone)
        untouched = ArtifactStore(str(stored.folder)).put_folder(folder).name
    host.detach()
    stored.resident.restore()
    stored.checkpoints["untouched"] = untouched
    found = stored.analyse("drift", run="untouched").summary
    assert found["verdict"] == "FROZEN"
    assert {row["drift"] for row in found["tensors"]} == {0.0}
    moved, fixed = found["fixed_moved"]
    assert (moved, fixed > 0) == (0, True)
    looks_fresh, random = found["random_fresh_looking"]
    assert looks_fresh == random  # the paper's distance cannot tell it from a trained one
    big = next(row for row in found["tensors"] if row["tensor"] == "mixer.query.weight")
    assert big["from_fresh"] == pytest.approx(math.sqrt(2), rel=0.1)
    older = stored.analyse("drift", run="untouched", redrawn=False).summary
    assert older["verdict"] is None
    assert "another draw" in older["reason"]
    assert {row["drift"] for row in older["tensors"]} == {None}


def test_a_packed_key_bias_is_told_from_its_neighbours(
    make_stored: Callable[..., Stored],
) -> None:
    found = make_stored(mixer="multihead_local").analyse("drift").summary
    assert [row["tensor"] for row in found["key_biases"]] == ["mixer.in_proj_bias[k]"]
    parts = [row["tensor"] for row in found["tensors"] if "in_proj_bias" in row["tensor"]]
    assert parts == ["mixer.in_proj_bias[q]", "mixer.in_proj_bias[v]"]


def test_relative_distance_of_nothing_is_nothing() -> None:
    nothing, one = torch.zeros(3), torch.ones(3)
    assert relative_distance(nothing, nothing) == 0.0
    assert relative_distance(nothing, one) == 1.0
    assert relative_distance(one, -one) == 2.0
