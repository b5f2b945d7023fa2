"""Costs measured beside the adapter alone."""

import time
from types import SimpleNamespace

import pytest
import torch

from talan import TalanConfig
from workers.backbones.adapters import attach_adapter
from workers.backbones.costs import Load, measure_costs
from workers.backbones.loading import load_backbone
from workers.job.jobs import AdapterSpec

LORA = AdapterSpec("lora", r=8, alpha=16, target_modules=("q_proj", "v_proj"))


def _config(mixer: str, slots: int) -> TalanConfig:
    return TalanConfig.from_axes(
        {
            "layer": 0,
            "slots": slots,
            "mixer": mixer,
            "writeback": {"rule": "direct", "alpha": 0.008},
            "trainability": {"scope": "all"},
            "gradient_scale": 500.0,
        }
    )


def test_a_heavy_side_path_costs_more_than_a_light_one_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
):
    # Processor time: what runs beside this test takes none of it.
    clock = SimpleNamespace(perf_counter=time.process_time)
    monkeypatch.setattr("workers.backbones.costs.time", clock)
    adapted = attach_adapter(load_backbone("tiny-qwen3")[0], LORA, seed=0)
    names = [name for name, _ in adapted.named_parameters()]
    # Past the 1.2x or so of any mixer: thousands of slots are summarised and attended to.
    configs = {"light": _config("per_token_mix", 1), "heavy": _config("cross_attn", 4096)}
    load = Load(batch=2, train_tokens=64, prompt_tokens=16, new_tokens=4)

    costs = measure_costs(adapted, configs, load=load, rounds=2)

    assert costs["heavy"].train_ratio > 2 * costs["light"].train_ratio
    assert costs["heavy"].decode_ratio > costs["light"].decode_ratio > 0
    assert costs["light"].train_tokens_per_s == costs["heavy"].train_tokens_per_s > 0
    assert costs["light"].peak_gib is None or torch.cuda.is_available()
    assert [name for name, _ in adapted.named_parameters()] == names
