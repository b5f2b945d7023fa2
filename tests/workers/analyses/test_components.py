"""Blocks of several components: known directions, and what fresh draws look like."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from attached_host import attach_host
from stored_hosts import Stored

from storage.artifacts import ArtifactStore
from workers.errors import ConfigurationError


@pytest.fixture(scope="module")
def planted(make_stored: Callable[..., Stored], make_job) -> Stored:
    """Two of three components read the same direction most, the third one at a right angle."""
    stored = make_stored()
    job = make_job(
        backbone=stored.job.backbone,
        configuration=stored.axes,
        block={"components": 3},
        artifact_url=str(stored.folder),
    )
    host = attach_host(stored.resident, job)
    mixer = host.talan.block.mixer
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        for component, direction in zip(mixer.components, (0, 0, 5), strict=True):
            component.query.weight.zero_()
            component.query.weight[0, direction] = 3.0
        mixer.mixture_logits.copy_(torch.tensor([0.5, 0.25, 0.25]).log())
        host.save(Path(folder), backbone=job.backbone)
        stored.checkpoints["planted"] = ArtifactStore(str(stored.folder)).put_folder(folder).name
    host.detach()
    stored.resident.restore()
    return stored


def test_planted_directions_and_mixture_are_found(planted: Stored) -> None:
    result = planted.analyse("components", run="planted")
    found = result.summary
    assert found["components"] == 3
    assert found["mixture"] == pytest.approx([0.5, 0.25, 0.25])
    assert found["imbalance"] == pytest.approx(0.25)
    assert found["cosine_mean"] == pytest.approx(1 / 3)
    assert found["cosine_max"] == pytest.approx(1.0)
    assert found["fresh_mean"] == pytest.approx((2 / (torch.pi * 32)) ** 0.5, rel=0.2)
    own = [row["cosine"] for row in planted.rows(result) if row["weights"] == "run"]
    assert own == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)


def test_other_analyses_take_a_block_of_several_components(planted: Stored) -> None:
    for name in ("depth", "scale", "slots", "domains"):
        assert planted.analyse(name, run="planted").summary
    drift = planted.analyse("drift", run="planted").summary
    assert [row["tensor"] for row in drift["key_biases"]] == [
        f"mixer.components.{k}.key.bias" for k in range(3)
    ]


def test_a_block_of_one_component_is_refused(make_stored: Callable[..., Stored]) -> None:
    with pytest.raises(ConfigurationError, match="one component; allowed: blocks of several"):
        make_stored().analyse("components")
