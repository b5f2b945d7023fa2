"""Drafted and continuous generation against static batches of ``generate()`` at a real shape.

Random weights of a published shape, LoRA alone and with TALAN in both scopes, the same long-tailed
mix of answer lengths as ``benchmarks/generation.py`` (whose ways and clock these are).

    .venv/bin/python benchmarks/gpu/generation.py [--shape Qwen/Qwen3-8B] [--rows 16 64] ...
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import generation
import torch
from devices import device_name
from random_backbone import random_model
from report import report

from workers.backbones.adapters import attach_adapter
from workers.backbones.loading import load_tokenizer
from workers.backbones.shapes import PUBLISHED_SHAPES
from workers.job.jobs import AdapterSpec

LORA = AdapterSpec("lora", r=32, alpha=64, target_modules=("q_proj", "k_proj", "v_proj", "o_proj"))


def main() -> None:
    """Measure one shape."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="Qwen/Qwen3-8B", choices=list(PUBLISHED_SHAPES))
    parser.add_argument("--layers", type=int, help="fewer layers than published")
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--hosts", nargs="+", default=["LoRA", "sequence", "prefix"])
    parser.add_argument("--rows", nargs="+", type=int, default=[16, 64])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--prompts", type=int, default=256)
    parser.add_argument("--alone", type=int, default=8, help="prompts of the one-by-one figure")
    options = parser.parse_args(namespace=argparse.Namespace(mix=["tailed"], paged=False))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = random_model(options.shape, layers=options.layers, dtype=options.dtype, device=device)
    adapted = attach_adapter(model, LORA, seed=0).eval()
    rows = generation.speed(adapted, load_tokenizer("tiny-qwen3"), options)
    layers = model.config.num_hidden_layers
    report("gpu/generation", rows=rows, device=device_name(device), layers=layers)


if __name__ == "__main__":
    main()
