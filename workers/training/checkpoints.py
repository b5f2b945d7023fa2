"""One folder per trained host: PEFT's adapter, the side path beside it, and what says so.

Owns: writing the same bytes for the same weights, and reading a folder back onto a backbone. A
stored checkpoint is a model folder (``talan.model_folder``) without a card, so that anybody can
load it. safetensors, JSON and Jinja only. Does not cover where the folder is kept
(``storage.artifacts`` keeps it as a tar), nor the loader (``talan.loaded``).
"""

from pathlib import Path
from typing import Any

from peft import PeftModel
from safetensors import SafetensorError

from talan import Sham, Talan, TalanError
from talan.interventions import Intervention
from talan.loaded import put_on
from talan.model_folder import (
    CHAT_TEMPLATE,
    MODEL_CARD,
    NONE,
    SHAM,
    TALAN,
    BaseModel,
    finish_folder,
    read_model_folder,
)
from workers.backbones.inspection import backbone_identity
from workers.errors import CheckpointError, first_line


def save_checkpoint(
    folder: Path,
    *,
    adapted: PeftModel,
    talan: Talan | Sham | None,
    backbone: str,
    chat_template: str | None = None,
) -> None:
    """Write adapter and TALAN into an existing, empty folder.

    Args:
        folder: Where to.
        adapted: The backbone with its adapter.
        talan: The block or the sham, if there is one.
        backbone: As the study names it.
        chat_template: The tokenizer's, where it is not the backbone's own.

    Raises:
        CheckpointError: The disk is full, or the folder cannot be written to.
    """
    try:
        adapted.save_pretrained(str(folder), save_embedding_layers=False)
        (folder / MODEL_CARD).unlink(missing_ok=True)
        if chat_template is not None:
            (folder / CHAT_TEMPLATE).write_text(chat_template, encoding="utf-8")
        if talan is not None:
            talan.save(folder)
        finish_folder(
            folder,
            intervention=_name_of(talan),
            base=base_model(backbone),
            dtype=str(adapted.get_base_model().dtype).removeprefix("torch."),
        )
    except (OSError, SafetensorError, TalanError) as error:
        raise CheckpointError(f"checkpoint cannot be written: {first_line(error)}") from error


def load_checkpoint(folder: Path, *, model: Any) -> tuple[PeftModel, Intervention | None]:
    """Put a stored host back on the backbone it was trained on, for inference.

    Raises:
        CheckpointError: A file is missing or damaged, or was written for another backbone; the
            backbone is then as it was.
    """
    try:
        adapted = put_on(model, read_model_folder(folder))
    except TalanError as error:
        raise CheckpointError(f"checkpoint {folder}: {error}") from error
    return adapted, adapted.intervention


def base_model(backbone: str) -> BaseModel:
    """What a folder says of the backbone; a hub id that pins a revision is taken apart."""
    known = backbone_identity(backbone)
    revision = known["backbone_revision"]
    name = backbone.partition("@")[0] if revision else backbone
    return BaseModel(name, revision, known["backbone_fingerprint"])


def _name_of(talan: Talan | Sham | None) -> str:
    if talan is None:
        return NONE
    return SHAM if isinstance(talan, Sham) else TALAN
