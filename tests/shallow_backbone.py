"""The built-in backbone with fewer blocks: configuration and weights alike."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

from workers.backbones.inspection import inspect_backbone


def two_blocks(folder: Path) -> str:
    """Copy the built-in backbone's first two blocks into a new folder; its path."""
    shutil.copytree(inspect_backbone("tiny-qwen3").source, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"num_hidden_layers": 2, "layer_types": config["layer_types"][:2]}
    (folder / "config.json").write_text(json.dumps(config))
    weights = load_file(folder / "model.safetensors")
    kept = {
        name: tensor
        for name, tensor in weights.items()
        if not name.startswith("model.layers.") or int(name.split(".")[2]) < 2
    }
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    return str(folder)
