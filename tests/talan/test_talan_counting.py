"""Parameter counts on the shapes of the paper's four backbones."""

import pytest
import torch
from tiny_talan_models import make_backbone, make_config
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen3Config, Qwen3MoeConfig

from talan import (
    TalanConfig,
    TalanConfigError,
    TalanInsertionError,
    Writeback,
    attach,
    count_parameters,
)
from talan.mixers.width import Width, resolve_width
from talan.vocabulary import MIXERS

ATTENTION = {"num_key_value_heads": 8, "head_dim": 128, "tie_word_embeddings": False}
BACKBONES = {
    "Qwen3-32B": Qwen3Config(
        hidden_size=5120,
        num_hidden_layers=64,
        intermediate_size=25600,
        num_attention_heads=64,
        vocab_size=151936,
        **ATTENTION,
    ),
    "DeepSeek-R1-Distill-Qwen-32B": Qwen2Config(
        hidden_size=5120,
        num_hidden_layers=64,
        intermediate_size=27648,
        num_attention_heads=40,
        num_key_value_heads=8,
        vocab_size=152064,
        tie_word_embeddings=False,
    ),
    "Qwen3-8B": Qwen3Config(
        hidden_size=4096,
        num_hidden_layers=36,
        intermediate_size=12288,
        num_attention_heads=32,
        vocab_size=151936,
        **ATTENTION,
    ),
    "Qwen3-30B-A3B": Qwen3MoeConfig(
        hidden_size=2048,
        num_hidden_layers=48,
        intermediate_size=6144,
        moe_intermediate_size=768,
        num_experts=128,
        num_experts_per_tok=8,
        num_attention_heads=32,
        vocab_size=151936,
        **(ATTENTION | {"num_key_value_heads": 4}),
    ),
}
BILLIONS = {
    "Qwen3-32B": 32.8,
    "DeepSeek-R1-Distill-Qwen-32B": 32.8,
    "Qwen3-8B": 8.2,
    "Qwen3-30B-A3B": 30.5,
}


@pytest.mark.parametrize("name", BACKBONES)
def test_talan_stays_under_one_percent_of_the_backbone(name):
    with torch.device("meta"):
        backbone = AutoModelForCausalLM.from_config(BACKBONES[name])
    size = sum(p.numel() for p in backbone.parameters())
    assert size / 1e9 == pytest.approx(BILLIONS[name], abs=0.1)
    for mixer in MIXERS:
        config = TalanConfig(0, 16, mixer, Writeback("gate", "vector", 0.008))
        assert 0 < count_parameters(BACKBONES[name], config) < 0.01 * size


@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("summarizer", ["attention", "soft_mos"])
def test_the_count_is_that_of_the_attached_block(mixer, summarizer):
    model = make_backbone()
    config = make_config(mixer=mixer, summarizer=summarizer)
    talan = attach(model, config)
    assert count_parameters(model.config, config) == talan.num_parameters()


def test_a_count_by_hand():
    config = TalanConfig(12, 2, "multihead_local", Writeback("gate", "vector", 0.008))
    d, k, rank = 5120, 512, 8
    mixer = 3 * k * (d + 1) + d * (k + 1)
    expected = 2 * d + mixer + d + rank * 2 * d + d * rank
    assert count_parameters(BACKBONES["Qwen3-32B"], config) == expected


def test_counting_checks_the_backbone():
    config = TalanConfig(64, 2, "cross_attn", Writeback("direct", None, 0.008))
    with pytest.raises(TalanInsertionError, match=r"layer is 64, .*layers 0 to 63"):
        count_parameters(BACKBONES["Qwen3-32B"], config)


@pytest.mark.parametrize(
    ("hidden", "fields", "expected"),
    [
        (5120, {}, (512, 8)),
        (96, {}, (96, 8)),
        (20, {}, (20, 4)),
        (7, {}, (7, 1)),
        (5120, {"heads": 3}, (510, 3)),
        (5120, {"inner_dim": 640}, (640, 8)),
        (64, {"inner_dim": 12, "heads": 3}, (12, 3)),
    ],
)
def test_inner_width_and_heads(hidden, fields, expected):
    config = TalanConfig(0, 2, "cross_attn", Writeback("direct", None, 0.1), **fields)
    assert resolve_width(config, hidden_size=hidden) == Width(hidden, *expected)


def test_more_heads_than_dimensions_are_refused():
    with pytest.raises(TalanConfigError, match=r"heads is 32, but must be at most .* 16"):
        attach(make_backbone(), make_config(heads=32))
