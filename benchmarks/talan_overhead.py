"""What TALAN + LoRA costs over LoRA alone: training step, greedy decoding, memory, every mixer.

One resident model, the variants taken in turn in every round (LoRA alone between each two), so that
a noisy machine hits all of them alike; the figures are medians of ratios to the LoRA measurements
right before and after. Targets are the paper's Table 6: 1.04x training, 1.02x inference.

    .venv/bin/python benchmarks/talan_overhead.py [--shape tiny qwen3-0.6b] [--rounds 5]
"""

from __future__ import annotations

import argparse
from typing import Any

import torch
from report import report
from transformers import AutoModelForCausalLM

from talan import TalanConfig
from talan.vocabulary import MIXERS
from workers.backbones.adapters import attach_adapter
from workers.backbones.costs import Load, measure_costs
from workers.backbones.loading import load_backbone
from workers.backbones.shapes import published_config
from workers.backbones.sizes import HostShape
from workers.job.jobs import AdapterSpec

LOADS = {
    "tiny": Load(batch=16, train_tokens=128, prompts=16, prompt_tokens=64, new_tokens=64),
    "qwen3-0.6b": Load(batch=1, train_tokens=128, prompts=1, prompt_tokens=64, new_tokens=16),
}


def backbone(name: str) -> tuple[Any, int]:
    """The tiny backbone, or random weights at Qwen3-0.6B's shape; and the adapter's rank."""
    if name == "tiny":
        return load_backbone("tiny-qwen3")[0], 8
    return AutoModelForCausalLM.from_config(published_config("Qwen/Qwen3-0.6B")), 32


def axes(mixer: str, *, num_layers: int) -> dict[str, Any]:
    """Layer at a quarter of the depth, two slots, vector gate, all trained."""
    return {
        "layer": num_layers // 4,
        "slots": 2,
        "mixer": mixer,
        "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
        "trainability": {"scope": "all"},
        "gradient_scale": 500.0,
    }


def measure(name: str, *, rounds: int) -> list[dict[str, Any]]:
    """All mixers at one shape."""
    model, rank = backbone(name)
    targets = ("q_proj", "k_proj", "v_proj", "o_proj")
    adapter = AdapterSpec("lora", r=rank, alpha=2 * rank, target_modules=targets)
    shape = HostShape(model.config, adapter)
    points = {m: axes(m, num_layers=model.config.num_hidden_layers) for m in MIXERS}
    costs = measure_costs(
        attach_adapter(model, adapter, seed=0),
        {mixer: TalanConfig.from_axes(point) for mixer, point in points.items()},
        load=LOADS[name],
        rounds=rounds,
    )
    rows = []
    for mixer, cost in costs.items():
        size, alone = shape.size(points[mixer]), shape.size(None)
        rows.append(
            {
                "shape": name,
                "mixer": mixer,
                "train_ratio": cost.train_ratio,
                "decode_ratio": cost.decode_ratio,
                "lora_train_tokens_per_s": cost.train_tokens_per_s,
                "lora_decode_tokens_per_s": cost.decode_tokens_per_s,
                "talan_params": size.talan,
                "share_of_backbone": size.talan_share,
                "memory_mib": 1024 * (size.resident_gib("float32") - alone.resident_gib("float32")),
            }
        )
    return rows


def main() -> None:
    """Measure the shapes asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", nargs="+", default=list(LOADS), choices=list(LOADS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    rows = [row for name in options.shape for row in measure(name, rounds=options.rounds)]
    report("talan_overhead", rows=rows, threads=options.threads)


if __name__ == "__main__":
    main()
