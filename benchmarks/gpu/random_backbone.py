"""Random weights at a published shape, as a folder that a study can name.

What a step costs does not depend on what the weights are; what a response says does, so that
random weights write to their limit of tokens. The tokenizer is the embedded backbone's.

    .venv/bin/python benchmarks/gpu/random_backbone.py Qwen/Qwen3-0.6B FOLDER [--layers 4]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from workers.backbones.loading import load_tokenizer
from workers.backbones.shapes import PUBLISHED_SHAPES, published_config


def random_model(
    name: str, *, layers: int | None = None, dtype: str = "bfloat16", device: str = "cpu"
) -> Any:
    """A model of the shape; with fewer layers where asked."""
    config = published_config(name)
    if layers:
        config.num_hidden_layers = layers
        if getattr(config, "layer_types", None):
            config.layer_types = config.layer_types[:layers]
    torch.manual_seed(0)
    with torch.device(device):
        return AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype)).eval()


def write_backbone(name: str, folder: Path, *, layers: int | None = None) -> None:
    """Weights in bfloat16, configuration, and a tokenizer with a chat template."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = random_model(name, layers=layers, device=device)
    tokenizer = load_tokenizer("tiny-qwen3")
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=list(PUBLISHED_SHAPES))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int)
    options = parser.parse_args()
    write_backbone(options.shape, options.folder, layers=options.layers)


if __name__ == "__main__":
    main()
