"""Training and decoding with and without TALAN at a real shape: ratios, tokens per second, MFU.

Random weights, every mixer, LoRA alone measured in between (``workers.backbones.costs``). The model
FLOPs of a token are 4 N in training (forward, and backward through frozen weights; recomputation is
not counted) and 2 N in decoding; utilisation is over what a square matrix product reaches on this
machine in the same dtype, measured in the same run.

    .venv/bin/python benchmarks/gpu/overhead.py [--shape Qwen/Qwen3-8B] [--layers N] [--rounds 3]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from devices import device_name
from random_backbone import random_model
from report import report
from talan_overhead import axes

from talan import TalanConfig
from talan.vocabulary import MIXERS
from workers.backbones.adapters import attach_adapter
from workers.backbones.costs import HostCost, Load, measure_costs
from workers.backbones.shapes import PUBLISHED_SHAPES
from workers.backbones.sizes import HostShape
from workers.job.jobs import AdapterSpec

LORA = AdapterSpec("lora", r=32, alpha=64, target_modules=("q_proj", "k_proj", "v_proj", "o_proj"))


def matmul_flops_per_s(*, dtype: str, device: str, repeats: int = 20) -> float:
    """The best rate of a square matrix product on this machine."""
    side = 8192 if device == "cuda" else 1024
    a = torch.randn(side, side, device=device, dtype=getattr(torch, dtype))
    best_s = float("inf")
    for _ in range(repeats):
        started = _now(device)
        a @ a
        best_s = min(best_s, _now(device) - started)
    return 2 * side**3 / best_s


def row(options: argparse.Namespace, mixer: str, cost: HostCost, size: Any, peak: float) -> Any:
    """One mixer's figures."""
    flops = (4 * cost.train_tokens_per_s, 2 * cost.decode_tokens_per_s)
    return {
        "shape": options.shape,
        "mixer": mixer,
        "train_ratio": cost.train_ratio,
        "decode_ratio": cost.decode_ratio,
        "lora_train_tokens_per_s": cost.train_tokens_per_s,
        "lora_decode_tokens_per_s": cost.decode_tokens_per_s,
        "train_mfu": flops[0] * size.backbone / peak,
        "decode_mfu": flops[1] * size.backbone / peak,
        "peak_gib": cost.peak_gib,
        "talan_peak_gib": cost.talan_peak_gib,
        "talan_share": size.talan_share,
    }


def main() -> None:
    """Measure one shape."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="Qwen/Qwen3-8B", choices=list(PUBLISHED_SHAPES))
    parser.add_argument("--layers", type=int, help="fewer layers than published")
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--train-tokens", type=int, default=1024)
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = random_model(options.shape, layers=options.layers, dtype=options.dtype, device=device)
    num_layers = model.config.num_hidden_layers
    shape = HostShape(model.config, LORA)
    load = Load(
        batch=options.batch,
        train_tokens=options.train_tokens,
        prompts=options.prompts,
        prompt_tokens=256,
        new_tokens=options.new_tokens,
    )
    points = {mixer: axes(mixer, num_layers=num_layers) for mixer in MIXERS}
    configs = {mixer: TalanConfig.from_axes(point) for mixer, point in points.items()}
    adapted = attach_adapter(model, LORA, seed=0)
    costs = measure_costs(adapted, configs, load=load, rounds=options.rounds, checkpointing=True)
    peak = matmul_flops_per_s(dtype=options.dtype, device=device)
    rows = [row(options, m, costs[m], shape.size(points[m]), peak) for m in MIXERS]
    name = device_name(device)
    report("gpu/overhead", rows=rows, device=name, layers=num_layers, matmul_tflops=peak / 1e12)


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
