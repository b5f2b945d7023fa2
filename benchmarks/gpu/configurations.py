"""Configurations per GPU-hour at a real shape, beside a loop that reloads the model each time.

Writes random weights of the shape into a folder and measures a study over them with
``benchmarks/audit_throughput.py``: the whole command, Ray's start included, against a process for
each configuration and against one process that loads the model again for each.

    .venv/bin/python benchmarks/gpu/configurations.py [--shape Qwen/Qwen3-0.6B] [--workers 2] ...
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from random_backbone import write_backbone

from workers.backbones.shapes import PUBLISHED_SHAPES

THROUGHPUT = Path(__file__).resolve().parents[1] / "audit_throughput.py"


def main() -> None:
    """Write the backbone and the study, then measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="Qwen/Qwen3-0.6B", choices=list(PUBLISHED_SHAPES))
    parser.add_argument("--layers", type=int, help="fewer layers than published")
    parser.add_argument("--workers", type=int, default=2, help="runs that share the machine")
    parser.add_argument("--generation", default="drafted", choices=["auto", "drafted", "static"])
    parser.add_argument("--steps", type=int, default=78)
    parser.add_argument("--benchmarks", nargs="+", default=["tiny_choice", "tiny_code"])
    parser.add_argument("--ours", type=int, default=8)
    parser.add_argument("--plain", type=int, default=2)
    options = parser.parse_args()
    on_gpu = torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as folder:
        backbone = Path(folder) / "backbone"
        write_backbone(options.shape, backbone, layers=options.layers)
        study = Path(folder) / "study.json"
        study.write_text(json.dumps(spec(options, backbone=backbone, on_gpu=on_gpu)))
        command = [sys.executable, str(THROUGHPUT), "--study", str(study)]
        for name in ("workers", "ours", "plain"):
            command += [f"--{name}", str(getattr(options, name))]
        subprocess.run([*command, "--no-exact"], check=True)


def spec(options: argparse.Namespace, *, backbone: Path, on_gpu: bool) -> dict[str, object]:
    """A grid on the random backbone, with the embedded suite's data and items."""
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    return {
        "name": "random-weights",
        "backbones": [str(backbone)],
        "adapters": [{"type": "lora", "r": 32, "alpha": 64, "target_modules": targets}],
        "benchmarks": options.benchmarks,
        "axes": {
            "layer": ["embedding", "25%", "50%", "75%"],
            "mixer": ["multihead_local", "cross_attn", "gated_cross_attn", "per_token_mix"],
        },
        "training": {
            "max_steps": options.steps,
            "learning_rate": 2e-4,
            "dtype": "bfloat16" if on_gpu else "float32",
            "generation": options.generation,
        },
    }


if __name__ == "__main__":
    main()
