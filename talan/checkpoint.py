"""TALAN's part of a checkpoint folder: `talan.safetensors` and `talan_config.json`.

They lie beside PEFT's `adapter_model.safetensors`. Written through temporary files; the JSON is
written last and holds the SHA-256 of the weights, so a torn pair is noticed on reading. Reading
checks everything before it returns anything. Knows no model: see `talan.attached`.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from talan.config import TalanConfig
from talan.errors import TalanCheckpointError, TalanConfigError

WEIGHTS_FILE = "talan.safetensors"
CONFIG_FILE = "talan_config.json"
_VERSION = 1


@dataclass(frozen=True)
class Backbone:
    """What a backbone must agree in for a checkpoint to fit.

    Attributes:
        model_type: architecture.
        hidden_size: width d.
        num_hidden_layers: decoder layers.
    """

    model_type: str
    hidden_size: int
    num_hidden_layers: int

    @classmethod
    def of(cls, hf_config: Any) -> "Backbone":
        """Read from a transformers configuration."""
        return cls(hf_config.model_type, hf_config.hidden_size, hf_config.num_hidden_layers)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that has been read and found whole."""

    config: TalanConfig
    backbone: Backbone
    weights: dict[str, torch.Tensor]


def has_checkpoint(folder: Path) -> bool:
    """Whether `folder` holds TALAN's files."""
    return (folder / CONFIG_FILE).is_file()


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write both files into `folder`, making it if needed."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in checkpoint.weights.items()}
    data = safetensors.torch.save(tensors, metadata={"format": "pt"})
    text = json.dumps(_description(checkpoint, data), indent=2) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / WEIGHTS_FILE, data)
        _replace(folder / CONFIG_FILE, text.encode())
    except OSError as error:
        raise TalanCheckpointError(f"{folder} cannot be written: {error.strerror}.") from error


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read both files.

    Raises:
        TalanCheckpointError: naming the file that is missing, damaged or inconsistent.
    """
    description = _read_description(folder / CONFIG_FILE)
    data = _read(folder / WEIGHTS_FILE)
    if hashlib.sha256(data).hexdigest() != description.get("weights_sha256"):
        raise TalanCheckpointError(
            f"{folder / WEIGHTS_FILE} is damaged or not the file that {CONFIG_FILE} describes."
        )
    try:
        weights = safetensors.torch.load(data)
        config = TalanConfig.from_axes(description["axes"], **description["block"])
        return Checkpoint(config, Backbone(**description["backbone"]), weights)
    except (SafetensorError, TalanConfigError, KeyError, TypeError) as error:
        raise TalanCheckpointError(f"The checkpoint in {folder} is damaged: {error}") from error


def check_weights(
    weights: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]
) -> None:
    """Refuse weights whose names or shapes differ from the block's."""
    if wrong := sorted(set(weights) ^ set(expected)):
        raise TalanCheckpointError(
            f"The checkpoint's tensors do not fit its configuration: {wrong[0]!r} is missing or "
            "unknown."
        )
    for name, tensor in weights.items():
        if tensor.shape != expected[name].shape:
            raise TalanCheckpointError(
                f"{name} has the shape {tuple(tensor.shape)} in the checkpoint, but must have "
                f"{tuple(expected[name].shape)}."
            )


def check_backbone_fits(saved: Backbone, present: Backbone) -> None:
    """Refuse a backbone of another architecture, width or depth."""
    for name, value in asdict(saved).items():
        if getattr(present, name) != value:
            raise TalanCheckpointError(
                f"The checkpoint was made for a backbone with {name} {value!r}, but this one has "
                f"{getattr(present, name)!r}."
            )


def _description(checkpoint: Checkpoint, data: bytes) -> dict[str, object]:
    config = checkpoint.config
    return {
        "version": _VERSION,
        "configuration_id": config.configuration_id,
        "axes": {
            **config.axes(),
            "trainability": asdict(config.trainability),
            "gradient_scale": config.gradient_scale,
        },
        "block": config.block_fields(),
        "record": config.to_record(checkpoint.backbone.hidden_size),
        "backbone": asdict(checkpoint.backbone),
        "weights_sha256": hashlib.sha256(data).hexdigest(),
    }


def _read_description(path: Path) -> dict[str, Any]:
    try:
        description: object = json.loads(_read(path))
    except ValueError as error:
        raise TalanCheckpointError(f"{path} is damaged: it is not JSON.") from error
    found: dict[str, Any] = description if isinstance(description, dict) else {}
    version = found.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise TalanCheckpointError(
            f"{path} is not a TALAN checkpoint of version {_VERSION} but of version {version}, "
            "which is newer: upgrade talan-audit."
        )
    if version != _VERSION:
        raise TalanCheckpointError(f"{path} is not a TALAN checkpoint of version {_VERSION}.")
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TalanCheckpointError(f"{path} cannot be read: {error.strerror}.") from error


def _replace(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, then move it there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
