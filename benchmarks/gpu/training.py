"""Training tokens a second at a real shape: padded batches and packed ones.

Random weights of a published shape in bfloat16, the two mixes of lengths of
``benchmarks/training.py`` (whose recipe and ways these are), seconds of the clock.

    .venv/bin/python benchmarks/gpu/training.py [--shape Qwen/Qwen3-0.6B] [--steps 8] ...
"""

from __future__ import annotations

import argparse
import copy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
import training
from devices import device_name
from random_backbone import random_model
from report import report

from workers.backbones.shapes import PUBLISHED_SHAPES
from workers.run.process import prepare_process


def main() -> None:
    """Measure one shape."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", default="Qwen/Qwen3-0.6B", choices=list(PUBLISHED_SHAPES))
    parser.add_argument("--layers", type=int, help="fewer layers than published")
    parser.add_argument("--mix", nargs="+", default=list(training.MIXES), choices=training.MIXES)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    prepare_process()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    backbone = random_model(options.shape, layers=options.layers, device=device)
    rows = [
        training.measure(
            mix,
            steps=options.steps,
            rounds=options.rounds,
            talan=talan,
            fresh=lambda: copy.deepcopy(backbone),
            dtype="bfloat16",
        )
        for mix in options.mix
        for talan in (False, True)
    ]
    report("gpu/training", rows=rows, device=device_name(device), steps=options.steps)


if __name__ == "__main__":
    main()
