"""Files that travel by content: put into the artifact store once, fetched by whoever lacks them.

Owns: a bundle, which is a list of files by their place and the artifact that each one is, with
facts about them; putting one (what is there already is not written again), and fetching one into a
local cache. A fetched file is checked against its hash, whenever a process asks for the bundle:
one that was damaged is fetched again.
Does not cover: what belongs into a bundle (`workers.suites.bundled`, `workers.backbones.bundled`).
"""

import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from storage.artifacts import ArtifactStore
from workers.data.folder import data_folder
from workers.data.hashes import file_sha256
from workers.errors import DataError

FACTS = "bundle.json"


def put_bundle(store: ArtifactStore, files: Mapping[str, Path], facts: Mapping[str, object]) -> str:
    """Store files and facts; returns the bundle's name, the same for the same content.

    Args:
        store: Where to.
        files: By the place that each has in the bundle, as `folder/name`.
        facts: What else is to be known, as JSON-able values.
    """
    artifacts = {place: store.put_file(path).name for place, path in sorted(files.items())}
    text = json.dumps({"files": artifacts, "facts": dict(facts)}, sort_keys=True)
    return store.put_bytes(text.encode(), suffix="json").name


def fetch_bundle(store: ArtifactStore, name: str) -> Path:
    """Return a local folder with a bundle's files, and its facts in `bundle.json`.

    Raises:
        DataError: There is something else of that name.
        ArtifactError: The store lacks a file, or it is damaged there.
    """
    try:
        content = json.loads(store.get_bytes(name))
        files, facts = dict(content["files"]), dict(content["facts"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"artifact {name} is not a bundle of files") from error
    folder = data_folder() / "bundles" / name.partition(".")[0]
    for place, artifact in files.items():
        _fetch(store, artifact, folder / place)
    _place(folder / FACTS, json.dumps(facts).encode())
    return folder


def read_facts(folder: Path) -> dict[str, object] | None:
    """What a fetched bundle says of itself; None for any other folder."""
    try:
        return dict(json.loads((folder / FACTS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _fetch(store: ArtifactStore, artifact: str, target: Path) -> None:
    wanted = artifact.partition(".")[0].removeprefix("sha256-")
    with suppress(OSError):
        if file_sha256(target) == wanted:
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{uuid.uuid4().hex}.partial")
    try:
        store.get_file(artifact, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _place(target: Path, data: bytes) -> None:
    partial = target.with_name(f"{target.name}.{uuid.uuid4().hex}.partial")
    partial.write_bytes(data)
    partial.replace(target)
