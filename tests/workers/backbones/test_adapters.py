"""Adapters through PEFT: scaling, seeds, targets, and a backbone that gets its modules back."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from peft.tuners.lora import dora

from workers.backbones.adapters import attach_adapter, detach_adapter
from workers.backbones.loading import load_backbone
from workers.errors import AdapterError
from workers.interventions.adapted import Adapted
from workers.job.jobs import AdapterSpec


@pytest.fixture
def model(small_backbone: str) -> Any:
    return load_backbone(small_backbone)[0]


def _adapter_weights(model: Any) -> dict[str, torch.Tensor]:
    return {name: p for name, p in model.named_parameters() if "lora_" in name}


@pytest.mark.parametrize(("kind", "scaling"), [("lora", 8 / 4), ("rslora", 8 / math.sqrt(4))])
def test_update_is_scaled_as_the_method_says(
    kind: str, scaling: float, model: Any, lora: AdapterSpec
):
    x = torch.randn(3, 32)
    base = model.model.layers[0].self_attn.q_proj(x)
    attach_adapter(model, replace(lora, type=kind), seed=1)
    layer = model.model.layers[0].self_attn.q_proj
    torch.nn.init.normal_(layer.lora_B["default"].weight)

    update = x @ layer.lora_A["default"].weight.T @ layer.lora_B["default"].weight.T
    torch.testing.assert_close(layer(x), base + scaling * update)


def test_dora_starts_as_the_backbone_and_has_magnitudes(model: Any, lora: AdapterSpec):
    ids = torch.tensor([[5, 6, 7]])
    before = model(ids).logits
    attach_adapter(model, replace(lora, type="dora"), seed=1)

    torch.testing.assert_close(model(ids).logits, before)
    assert any("lora_magnitude_vector" in name for name, _ in model.named_parameters())


def test_weights_follow_the_seed_whatever_was_drawn_before(small_backbone: str, lora: AdapterSpec):
    drawn = []
    for seed, disturbance in ((1, 0), (1, 5), (2, 0)):
        model = load_backbone(small_backbone)[0]
        torch.rand(disturbance)
        attach_adapter(model, lora, seed=seed)
        drawn.append(_adapter_weights(model))

    assert all(torch.equal(drawn[0][name], drawn[1][name]) for name in drawn[0])
    assert not all(torch.equal(drawn[0][name], drawn[2][name]) for name in drawn[0])


def test_only_the_adapter_is_trainable(model: Any, lora: AdapterSpec):
    attach_adapter(model, lora, seed=1)

    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trainable == set(_adapter_weights(model))
    assert len(trainable) == 2 * 4 * 2  # A and B, four projections, two layers


def test_detaching_gives_back_the_very_same_modules(model: Any, lora: AdapterSpec):
    ids = torch.tensor([[5, 6, 7]])
    modules, before = dict(model.named_modules()), model(ids).logits
    adapted = attach_adapter(model, lora, seed=1)
    for name, weight in _adapter_weights(model).items():
        torch.nn.init.normal_(weight) if "lora_B" in name else None
    assert not torch.equal(model(ids).logits, before)

    assert detach_adapter(adapted) is model
    assert dict(model.named_modules()) == modules
    assert torch.equal(model(ids).logits, before)


@pytest.mark.parametrize("target", ["qkv_proj", "lm_head", "embed_tokens"])
def test_a_target_the_backbone_lacks_is_named(target: str, model: Any, lora: AdapterSpec):
    modules = dict(model.named_modules())
    with pytest.raises(AdapterError, match=f"'{target}'; this backbone has .*q_proj"):
        attach_adapter(model, replace(lora, target_modules=("q_proj", target)), seed=1)

    assert dict(model.named_modules()) == modules


def test_generation_cache_is_doras_and_ends_with_the_context(model: Any, lora: AdapterSpec):
    host = Adapted(attach_adapter(model, replace(lora, type="dora"), seed=1))
    with host.decoding():
        assert dora.ENABLE_DORA_CACHING
    host.detach()
    with Adapted(attach_adapter(model, lora, seed=1)).decoding():
        assert not dora.ENABLE_DORA_CACHING
    assert not dora.ENABLE_DORA_CACHING
