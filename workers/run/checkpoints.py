"""One folder per trained host: PEFT's adapter, and TALAN beside it where there is one.

Owns: writing the same bytes for the same weights, and reading a folder back onto a backbone with
every tensor accounted for. safetensors and JSON only. Does not cover where the folder is kept
(``storage.artifacts`` keeps it as a tar) and TALAN's own files (``talan``).
"""

import json
from pathlib import Path
from typing import Any

from peft import PeftModel, get_peft_model_state_dict
from safetensors import SafetensorError, safe_open

from talan import Sham, Talan, TalanError, load_sham
from talan import load as load_talan
from workers.errors import CheckpointError, first_line
from workers.run.adapters import detach_adapter

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
TALAN_CONFIG, SHAM = "talan_config.json", "talan_sham.safetensors"


def save_checkpoint(
    folder: Path, *, adapted: PeftModel, talan: Talan | Sham | None, backbone: str
) -> None:
    """Write adapter and TALAN into an existing, empty folder.

    Args:
        folder: Where to.
        adapted: The backbone with its adapter.
        talan: The block or the sham, if there is one.
        backbone: The name that the adapter's file gives its base model.

    Raises:
        CheckpointError: The disk is full, or the folder cannot be written to.
    """
    try:
        adapted.save_pretrained(str(folder), save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)
        _settle_adapter_config(folder / ADAPTER_CONFIG, backbone=backbone)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"checkpoint cannot be written: {first_line(error)}") from error
    if talan is not None:
        talan.save(folder)


def load_checkpoint(folder: Path, *, model: Any) -> tuple[PeftModel, Talan | Sham | None]:
    """Put a stored host back on the backbone it was trained on, for inference.

    Raises:
        CheckpointError: A file is missing or damaged, or was written for another backbone; the
            backbone is then as it was.
    """
    stored = _stored_tensors(folder)
    adapted = _load_adapter(folder, model=model)
    try:
        expected = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
        if wrong := sorted(stored ^ expected):
            raise CheckpointError(
                f"checkpoint {folder}: the adapter's tensor {wrong[0]!r} is missing or unknown"
            )
        talan = _load_side_path(folder, adapted=adapted)
    except TalanError as error:
        detach_adapter(adapted)
        raise CheckpointError(f"checkpoint {folder}: {error}") from error
    except CheckpointError:
        detach_adapter(adapted)
        raise
    return adapted, talan


def _load_side_path(folder: Path, *, adapted: PeftModel) -> Talan | Sham | None:
    if (folder / SHAM).exists():
        return load_sham(adapted, folder)
    return load_talan(adapted, folder) if (folder / TALAN_CONFIG).exists() else None


def _stored_tensors(folder: Path) -> set[str]:
    """Names of the adapter's tensors; also checks that both files can be read."""
    try:
        json.loads((folder / ADAPTER_CONFIG).read_text())
        with safe_open(str(folder / ADAPTER_WEIGHTS), framework="pt") as file:
            return set(file.keys())
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"checkpoint {folder} cannot be read: {first_line(error)}") from error


def _load_adapter(folder: Path, *, model: Any) -> PeftModel:
    try:
        return PeftModel.from_pretrained(model, str(folder))
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"checkpoint {folder} does not fit this backbone: {first_line(error)}"
        ) from error


def _settle_adapter_config(path: Path, *, backbone: str) -> None:
    """PEFT writes sets in hash order and the base model's path on this machine."""
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = backbone
    config["target_modules"] = sorted(config["target_modules"])
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
