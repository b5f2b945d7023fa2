"""Parameter counts of hosts, by shape and by the real thing."""

import pytest

from talan import TalanConfig, attach
from workers.backbones.adapters import attach_adapter
from workers.backbones.loading import load_backbone
from workers.backbones.shapes import PUBLISHED_SHAPES, published_config
from workers.backbones.sizes import HostShape, HostSize, backbone_config
from workers.errors import AdapterError, BackboneError, ConfigurationError
from workers.job.jobs import AdapterSpec

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")
LORA = AdapterSpec("lora", r=32, alpha=64, target_modules=TARGETS)
POINT = {
    "layer": 0,
    "slots": 6,
    "mixer": "gated_cross_attn",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
    "trainability": {"scope": "all"},
    "gradient_scale": 500.0,
}
BILLIONS = {
    "Qwen/Qwen3-0.6B": 0.6,
    "Qwen/Qwen3-8B": 8.2,
    "Qwen/Qwen3-32B": 32.8,
    "Qwen/Qwen3-30B-A3B": 30.5,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": 32.8,
    "meta-llama/Llama-3.2-1B-Instruct": 1.24,
}


@pytest.mark.parametrize("name", PUBLISHED_SHAPES)
def test_published_shapes_have_their_published_sizes_and_talan_under_one_percent(name):
    size = HostShape(published_config(name), LORA).size(POINT)
    assert size.backbone / 1e9 == pytest.approx(BILLIONS[name], abs=0.05)
    assert 0 < size.talan_share < 0.01


def test_lora_has_r_times_inputs_and_outputs_of_each_target():
    # Qwen3-8B: q 4096 -> 4096, k and v 4096 -> 1024, o 4096 -> 4096, in each of 36 layers.
    per_layer = 32 * ((4096 + 4096) * 2 + (4096 + 1024) * 2)
    size = HostShape(published_config("Qwen/Qwen3-8B"), LORA).size(None)
    assert (size.adapter, size.talan) == (36 * per_layer, 0)


@pytest.mark.parametrize("kind", ["lora", "dora", "rslora"])
def test_the_counts_are_those_of_the_host_in_memory(kind):
    spec = AdapterSpec(kind, r=8, alpha=16, target_modules=TARGETS)
    counted = HostShape(backbone_config("tiny-qwen3")[0], spec).size(POINT)
    model, _ = load_backbone("tiny-qwen3")
    backbone = model.num_parameters()
    adapted = attach_adapter(model, spec, seed=0)
    adapter = sum(p.numel() for p in adapted.parameters() if p.requires_grad)
    talan = attach(adapted, TalanConfig.from_axes(POINT)).num_parameters()
    assert counted == HostSize(backbone, adapter, talan)


def test_memory_is_the_frozen_weights_and_four_float32_of_each_trained():
    size = HostSize(backbone=2**30, adapter=2**20, talan=2**20)
    assert size.resident_gib("bfloat16") == 2 + 2 * 16 / 1024
    assert size.resident_gib("float32") == 4 + 2 * 16 / 1024


def test_what_does_not_fit_is_named():
    config = backbone_config("tiny-qwen3")[0]
    with pytest.raises(AdapterError, match="target_modules names 'qkv'; this backbone has"):
        HostShape(config, AdapterSpec("lora", r=8, alpha=16, target_modules=("qkv",)))
    shape = HostShape(config, LORA)
    with pytest.raises(ConfigurationError, match="heads"):
        shape.size(POINT, block={"heads": 129})
    with pytest.raises(ConfigurationError, match="layer"):
        shape.size({**POINT, "layer": 6})


def test_a_backbone_without_files_is_counted_on_its_published_shape(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    config, source = backbone_config("Qwen/Qwen3-8B@a1b2")
    assert (config.hidden_size, source) == (4096, "published shape")
    assert backbone_config("tiny-qwen3")[1] == "files"
    with pytest.raises(BackboneError, match="cannot be fetched"):
        backbone_config("no-such/model")
