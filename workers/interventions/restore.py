"""A method run's folder: what names the method, and putting it back on a backbone.

Owns: ``intervention.json``. Does not cover: the method's own files, TALAN's and the baseline's
folders (``workers.training.checkpoints``).
"""

from __future__ import annotations

import json
from pathlib import Path

from torch import nn

from workers.errors import CheckpointError, first_line
from workers.interventions.adapted import Adapted
from workers.interventions.attached import Attached
from workers.interventions.intervention import Intervention
from workers.interventions.registry import find_method
from workers.training.checkpoints import load_checkpoint

FILE = "intervention.json"


def save_made(
    intervention: Intervention, attached: Attached, folder: Path, *, backbone: str
) -> None:
    """Write an intervention on a backbone into an existing, empty folder.

    Raises:
        CheckpointError: The disk is full, or the folder cannot be written to.
    """
    attached.save(folder, backbone=backbone)
    record = {"method": intervention.method, "settings": intervention.settings}
    text = json.dumps({**record, "is_null": intervention.is_null}, indent=2, sort_keys=True)
    try:
        (folder / FILE).write_text(text + "\n")
    except OSError as error:
        raise CheckpointError(f"checkpoint cannot be written: {first_line(error)}") from error


def restore_any(folder: Path, *, model: nn.Module) -> Attached:
    """Put any run's folder back: a method's, the baseline's, TALAN's or a control's.

    Raises:
        CheckpointError: As ``restore``.
        MethodError: As ``restore``.
    """
    if (folder / FILE).exists():
        return restore(folder, model=model)
    adapted, side_path = load_checkpoint(folder, model=model)
    return Adapted(adapted, side_path)  # type: ignore[arg-type]


def restore(folder: Path, *, model: nn.Module) -> Attached:
    """Put a method run's folder back on the backbone that it was trained on, for inference.

    Raises:
        CheckpointError: A file is missing or damaged, or was written for another backbone.
        MethodError: The method is not installed here.
    """
    try:
        method = json.loads((folder / FILE).read_text())["method"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / FILE} cannot be read: {first_line(error)}") from error
    return find_method(method).load(model, folder)
