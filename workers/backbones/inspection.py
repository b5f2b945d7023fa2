"""Backbones: what is known of one before any work.

Owns: that its files are there and whole, its shape and its fingerprint. Most backbones need no
torch for that: a process that only drives a study starts without it. Does not cover: names
(`workers.backbones.names`), loading (`workers.backbones.loading`).
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from talan.base_models import fingerprint as files_fingerprint
from workers.backbones.names import find_backbone, hub_commit
from workers.backbones.usual_files import BackboneShape, usual_shape
from workers.errors import WorkerError


@dataclass(frozen=True)
class BackboneInfo:
    """What is known of a backbone without loading its weights.

    Attributes:
        name: As the study file says it.
        source: The folder its files are in.
        num_layers: Decoder layers.
        hidden_size: Width of the residual stream.
        architecture: The model class, such as `Qwen3ForCausalLM`.
        fingerprint: SHA-256 over names and contents of weights, config and tokenizer files.
        revision: The hub's commit; None for what does not come from the hub.
    """

    name: str
    source: Path
    num_layers: int
    hidden_size: int
    architecture: str
    fingerprint: str
    revision: str | None = None


def inspect_backbone(name: str) -> BackboneInfo:
    """Check a backbone's files and configuration; its weights are hashed, not loaded.

    Args:
        name: A built-in name, a local folder, or a hub id with or without a revision.

    Raises:
        BackboneError: It cannot be found, a part is missing, or TALAN does not fit into it.
    """
    folder = find_backbone(name)
    fingerprint = files_fingerprint(folder)
    shape = usual_shape(folder, fingerprint) or _asked_shape(name, folder, fingerprint)
    return BackboneInfo(
        name=name,
        source=folder,
        num_layers=shape.num_layers,
        hidden_size=shape.hidden_size,
        architecture=shape.architecture,
        fingerprint=fingerprint,
        revision=hub_commit(folder),
    )


@lru_cache(maxsize=8)
def backbone_identity(name: str) -> dict[str, str | None]:
    """The hash of a backbone's files, and the hub's commit where it comes from a hub."""
    try:
        info = inspect_backbone(name)
    except WorkerError:
        return {"backbone_fingerprint": None, "backbone_revision": None}
    return {"backbone_fingerprint": info.fingerprint, "backbone_revision": info.revision}


def _asked_shape(name: str, folder: Path, fingerprint: str) -> BackboneShape:
    """What transformers says, or its refusal; imported only here, for it brings torch."""
    checks = import_module("workers.backbones.thorough_checks")
    shape: BackboneShape = checks.check_files(name, folder, fingerprint)
    return shape
