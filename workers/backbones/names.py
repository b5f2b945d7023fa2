"""What a study file may call a backbone, and the folder that its files are in.

Owns: hub ids with their revisions, from the local hub cache or fetched into it. Does not cover:
built-in names and the files of a model (``talan.base_models``), what is in the folder
(``workers.backbones.loading``).

A hub id may pin a revision (a commit, a tag or a branch): ``Qwen/Qwen3-8B@<revision>``. Without one
it is the newest in the local cache, else the hub's ``main``; either way the commit is recorded, and
a study goes on only with the bytes that it began with.
"""

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from talan.base_models import BUILT_IN, FILES, WEIGHTS
from workers.errors import BackboneError, first_line

__all__ = ["BUILT_IN", "FILES", "WEIGHTS", "find_backbone", "hub_commit"]


def find_backbone(name: str) -> Path:
    """The folder of a backbone; a hub model that is not in the local cache is fetched.

    Args:
        name: A built-in name, a local folder, or a hub id, as ``owner/model`` or
            ``owner/model@revision``.

    Raises:
        BackboneError: There is none of that name, or it cannot be fetched.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name and Path(name).is_dir():
        return Path(name).resolve()
    repository, _, revision = name.partition("@")
    if not _is_hub_id(repository) or name.endswith("@"):
        allowed = ", ".join(
            [*BUILT_IN, "a folder", "a hub id (owner/model or owner/model@revision)"]
        )
        raise BackboneError(f"There is no backbone {name!r}; allowed: {allowed}")
    return _cached(repository, revision or None) or _fetch(repository, revision or None)


def hub_commit(folder: Path) -> str | None:
    """The commit of a hub model in the local cache; None for any other folder."""
    return folder.name if folder.parent.name == "snapshots" else None


def _is_hub_id(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and all(parts) and not name.startswith((".", "~"))


def _cached(name: str, revision: str | None) -> Path | None:
    """The hub model's folder in the local cache, if its weights are there."""
    try:
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (OSError, ValueError):
        return None
    return folder if any(folder.glob("*.safetensors")) else None


def _fetch(name: str, revision: str | None) -> Path:
    patterns = [pattern for pattern in FILES if not pattern.endswith(".bin")]
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=patterns))
    except GatedRepoError as error:
        why = (
            "its licence must be accepted on the hub, and HF_TOKEN set to a token that may read it"
        )
        raise BackboneError(f"Backbone {name!r} is gated: {why}") from error
    except RepositoryNotFoundError as error:
        why = (
            "is no such model, or it is private and HF_TOKEN is not set to a token that may read it"
        )
        raise BackboneError(f"Backbone {name!r}: on the hub there {why}") from error
    except RevisionNotFoundError as error:
        why = "allowed: a commit, a tag or a branch of it"
        raise BackboneError(f"Backbone {name!r} has no revision {revision!r}; {why}") from error
    except Exception as error:
        raise BackboneError(
            f"Backbone {name!r} is neither a folder nor in the local hub cache, "
            f"and it cannot be fetched: {first_line(error)}"
        ) from error
