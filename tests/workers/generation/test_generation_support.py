"""Which models the engine decodes, and how much at a time on a CPU."""

from typing import Any

import pytest

from workers.backbones.loading import load_backbone
from workers.generation import Capacity, measured_capacity, why_unsupported


@pytest.fixture
def model(small_backbone: str) -> Any:
    return load_backbone(small_backbone)[0]


@pytest.mark.parametrize("architecture", ["qwen3", "qwen3_moe", "llama"])
def test_plain_models_are_decoded(make_backbone: Any, architecture: str):
    assert why_unsupported(load_backbone(make_backbone(architecture))[0]) is None


@pytest.mark.parametrize(
    ("name", "value", "is_plain"),
    [
        ("repetition_penalty", 1.05, False),
        ("repetition_penalty", 1.0, True),
        ("no_repeat_ngram_size", 3, False),
        ("suppress_tokens", [4], False),
        ("temperature", 0.6, True),
        ("top_k", 20, True),
    ],
)
def test_settings_that_alter_a_greedy_choice_are_found(
    model: Any, name: str, value: Any, is_plain: bool
):
    setattr(model.generation_config, name, value)
    reason = why_unsupported(model)

    assert (reason is None) is is_plain
    assert is_plain or f"{name} = {value!r}" in str(reason)


def test_layers_that_see_a_window_only_are_left_to_generate(model: Any):
    model.config.layer_types = ["full_attention", "sliding_attention"]
    assert "layers of sliding_attention" in str(why_unsupported(model))


def test_on_a_cpu_rows_and_the_processors_cache_are_the_only_bounds(model: Any):
    tokens = {"prefill_tokens": 2048, "pass_tokens": 2048}
    assert measured_capacity(model, max_rows=12) == Capacity(12, **tokens)
    assert measured_capacity(model) == Capacity(128, **tokens)
