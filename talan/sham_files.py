"""A sham's file in a checkpoint folder: `talan_sham.safetensors`, vector and place in one file.

It lies beside PEFT's `adapter_model.safetensors`. Knows no model: see `talan.sham`.
"""

import json
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from talan.config import TalanConfig
from talan.errors import TalanCheckpointError, TalanConfigError

SHAM_FILE = "talan_sham.safetensors"


def write_sham(folder: Path, *, vector: Tensor, config: TalanConfig) -> None:
    """Write a sham's vector [d] and the configuration it stands in for."""
    described = {"axes": config.axes(), "block": config.block_fields()}
    metadata = {"sham": json.dumps(described, sort_keys=True)}  # one key: their order is not fixed
    data = safetensors.torch.save({"vector": vector.detach().cpu().contiguous()}, metadata)
    try:
        (folder / SHAM_FILE).write_bytes(data)
    except OSError as error:
        raise TalanCheckpointError(f"{folder} cannot be written: {error.strerror}.") from error


def read_sham(folder: Path) -> tuple[TalanConfig, Tensor]:
    """Read both back.

    Raises:
        TalanCheckpointError: the file is missing or damaged.
    """
    path = folder / SHAM_FILE
    try:
        with safe_open(str(path), framework="pt") as file:
            described: dict[str, Any] = json.loads(file.metadata()["sham"])
            config = TalanConfig.from_axes(described["axes"], **described["block"])
            return config, file.get_tensor("vector")
    except (OSError, SafetensorError, TalanConfigError, KeyError, TypeError, ValueError) as error:
        raise TalanCheckpointError(f"The sham in {path} cannot be read: {error}") from error
