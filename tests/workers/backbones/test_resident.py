"""A resident backbone is put back exactly, and says so when it cannot be."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from attached_host import attach_host

from workers.backbones.adapters import attach_adapter
from workers.backbones.loading import load_backbone
from workers.backbones.resident import ResidentBackbone
from workers.errors import BackboneError
from workers.job.jobs import RunJob

AXES = {
    "layer": 1,
    "slots": 2,
    "mixer": "cross_attn",
    "writeback": {"rule": "direct", "gate": None, "alpha": 0.01},
    "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
    "gradient_scale": 1.0,
}


@pytest.fixture
def resident(small_backbone: str) -> ResidentBackbone:
    model, tokenizer = load_backbone(small_backbone)
    return ResidentBackbone(small_backbone, model=model, tokenizer=tokenizer)


def _everything(model: Any) -> dict[str, Any]:
    """Each module's attributes, hooks and flags; tensors by identity."""
    return {
        name: {
            key: dict(value) if isinstance(value, dict) else value
            for key, value in vars(module).items()
            if key not in ("config", "generation_config", "_modules")
        }
        for name, module in model.named_modules()
    }


def test_a_host_leaves_no_trace(resident: ResidentBackbone, make_job: Callable[..., RunJob]):
    model = resident.model
    before, config = _everything(model), model.config.to_dict()
    host = attach_host(resident, make_job(configuration=AXES))
    host.adapted.train()
    model.activation_checkpointing_enable()
    host.adapted.enable_input_require_grads()
    model.config.use_cache = False
    model.generation_config.max_length = 3
    host.adapted(torch.tensor([[1, 2]]), labels=torch.tensor([[1, 2]])).loss.backward()
    host.detach()

    resident.restore()

    after = _everything(model)
    assert after.keys() == before.keys()
    for name, attributes in before.items():
        assert after[name].keys() == attributes.keys(), name
        for key, value in attributes.items():
            same = after[name][key] is value or after[name][key] == value
            assert same, f"{name}.{key}: {after[name][key]} was {value}"
    assert model.config.to_dict() == config
    assert model.generation_config.max_length != 3
    assert all(p.requires_grad and p.grad is None for p in model.parameters())


def test_any_altered_bit_is_noticed(resident: ResidentBackbone):
    weight = resident.model.model.layers[1].mlp.up_proj.weight
    resident.check_weights()
    with torch.no_grad():
        weight.view(torch.int32)[3, 4] ^= 1

    with pytest.raises(BackboneError, match="altered its weights"):
        resident.check_weights()
    with pytest.raises(BackboneError, match="altered its weights"):
        resident.restore()


def test_weights_can_be_checked_with_a_host_attached(
    resident: ResidentBackbone, make_job: Callable[..., RunJob]
):
    attach_host(resident, make_job(configuration=AXES))
    resident.check_weights()
    with torch.no_grad():
        resident.model.model.norm.weight += 1e-7

    with pytest.raises(BackboneError, match="altered its weights"):
        resident.check_weights()


def test_an_adapter_left_behind_is_noticed(
    resident: ResidentBackbone, make_job: Callable[..., RunJob]
):
    attach_adapter(resident.model, make_job().adapter, seed=1)

    with pytest.raises(BackboneError, match="kept modules of a run"):
        resident.restore()
