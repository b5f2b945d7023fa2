"""A run's model folder, taken out of the artifact store.

Owns: unpacking the checkpoint, checked against its hash, completing what older versions left out of
it, and writing the card. Needs no torch. Does not cover: the folder's format
(``talan.model_folder``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboards.errors import NoModelError
from dashboards.model_card.card import render_card
from dashboards.model_card.facts import ModelFacts, model_facts
from storage import ArtifactStore, AuditStore
from talan.model_folder import MANIFEST, MODEL_CARD, finish_folder, read_model_folder


def write_model(store: AuditStore, run_id: str, folder: Path) -> None:
    """Write a run's model folder.

    Args:
        store: The record.
        run_id: The run.
        folder: Where to; made if it is missing.

    Raises:
        RunNotFound: There is no such run.
        NoModelError: The run has no checkpoint, or the folder is not empty or cannot be written.
        ArtifactError: The stored checkpoint is gone, altered or out of reach.
        TalanCheckpointError: It is not whole.
    """
    run = store.runs.get(run_id)
    if run.checkpoint_artifact is None:
        msg = f"run {run_id} is {run.state} and has no checkpoint; allowed: a completed run"
        raise NoModelError(msg)
    require_empty(folder)
    url = store.studies.get(run.study).artifact_url
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ArtifactStore(url).get_folder(run.checkpoint_artifact, folder)
        facts = model_facts(store, run_id)
        _complete(folder, facts)
        card = render_card(facts, folder=folder.name)
        (folder / MODEL_CARD).write_text(card, encoding="utf-8")
    except OSError as error:
        msg = f"{folder} cannot be written: {error.strerror}"
        raise NoModelError(msg) from error


@contextmanager
def exported_model(store: AuditStore, run_id: str) -> Iterator[Path]:
    """A run's model folder for as long as the context lasts; raises as ``write_model``."""
    with tempfile.TemporaryDirectory(prefix="talan-model-") as scratch:
        folder = Path(scratch) / folder_name(run_id)
        write_model(store, run_id, folder)
        yield folder


def folder_name(run_id: str) -> str:
    """What a run's folder is called where nobody names it."""
    return f"run-{run_id}"


def _complete(folder: Path, facts: ModelFacts) -> None:
    """Checkpoints of earlier versions lack the manifest."""
    if not (folder / MANIFEST).is_file():
        found = read_model_folder(folder)
        finish_folder(folder, intervention=found.intervention, base=facts.base)


def require_empty(folder: Path) -> None:
    """Check that a folder may be written.

    Raises:
        NoModelError: There is something in it.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        msg = f"{folder} is there already; allowed: a new folder, or an empty one"
        raise NoModelError(msg)


__all__ = ["exported_model", "folder_name", "write_model"]
