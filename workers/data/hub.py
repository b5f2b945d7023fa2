"""Files of data sets on the hub: fetched once by commit, found again without a network.

Owns: fetching, the record of which commit a revision stood for, and one sentence for each way in
which the hub refuses. Does not cover what is in the files.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from workers.data.files import write_json
from workers.data.folder import repository_folder
from workers.data.hashes import file_sha256
from workers.errors import DataError, first_line

_TIMEOUT_S = 30


@dataclass(frozen=True)
class Fetched:
    """Files of one repository at one commit, on this machine.

    Attributes:
        repository: Such as `openai/gsm8k`.
        revision: As it was asked for.
        commit: What it stood for when it was fetched.
        files: In the order of their names.
        hashes: SHA-256 by the file's name in the repository.
    """

    repository: str
    revision: str
    commit: str
    files: tuple[Path, ...]
    hashes: Mapping[str, str]

    @property
    def source(self) -> dict[str, Any]:
        """Where the files come from, for a record."""
        return {
            "repository": self.repository,
            "revision": self.revision,
            "commit": self.commit,
            "files": dict(self.hashes),
        }


def pull(repository: str, *, patterns: Sequence[str], revision: str) -> Fetched:
    """Fetch the files that match, at the commit that the revision stands for now.

    Raises:
        DataError: The hub cannot be reached or refuses, or no file matches a pattern.
    """
    asked = f"data set {repository!r} at revision {revision!r}"
    try:
        endpoint = os.environ.get("HF_ENDPOINT")  # a mirror; None: the hub itself
        info = HfApi(endpoint).dataset_info(repository, revision=revision, timeout=_TIMEOUT_S)
        names = [entry.rfilename for entry in info.siblings or []]
        chosen = _matching(names, patterns, where=asked)
        commit = str(info.sha)
        folder = repository_folder(repository) / commit
        for name in chosen:
            hf_hub_download(
                repository,
                name,
                repo_type="dataset",
                revision=commit,
                local_dir=folder,
                endpoint=endpoint,
            )
    except DataError:
        raise
    except Exception as error:
        raise DataError(_sentence(repository, revision, error)) from error
    hashes = {name: file_sha256(folder / name) for name in chosen}
    _remember(repository, revision=revision, commit=commit, hashes=hashes)
    return _fetched(repository, revision=revision, commit=commit, hashes=hashes)


def find_pulled(repository: str, *, patterns: Sequence[str], revision: str) -> Fetched | None:
    """Return what was fetched before, without a network; None where something is missing.

    Raises:
        DataError: A file is not what was fetched.
    """
    entry = read_revisions(repository).get(revision)
    if entry is None:
        return None
    hashes = {
        name: digest
        for name, digest in entry["files"].items()
        if any(fnmatch(name, pattern) for pattern in patterns)
    }
    if any(not any(fnmatch(name, pattern) for name in hashes) for pattern in patterns):
        return None
    found = _fetched(repository, revision=revision, commit=entry["commit"], hashes=hashes)
    if not all(file.is_file() for file in found.files):
        return None
    for file, digest in zip(found.files, hashes.values(), strict=True):
        if file_sha256(file) != digest:
            raise DataError(f"{file} is not what was fetched from {repository}; fetch it again")
    return found


def read_revisions(repository: str) -> dict[str, Any]:
    """Return what was fetched of a repository, by revision: its commit and its files' hashes."""
    file = _record(repository)
    try:
        content: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    return content


def _matching(names: Sequence[str], patterns: Sequence[str], *, where: str) -> list[str]:
    for pattern in patterns:
        if not any(fnmatch(name, pattern) for name in names):
            raise DataError(
                f"{where} has no file {pattern!r}; it has {', '.join(sorted(names)[:12]) or 'none'}"
            )
    return sorted(name for name in names if any(fnmatch(name, p) for p in patterns))


def _fetched(repository: str, *, revision: str, commit: str, hashes: Mapping[str, str]) -> Fetched:
    folder = repository_folder(repository) / commit
    files = tuple(folder / name for name in hashes)
    return Fetched(repository, revision, commit, files, dict(hashes))


def _remember(repository: str, *, revision: str, commit: str, hashes: Mapping[str, str]) -> None:
    known = read_revisions(repository)
    before = known.get(revision, {})
    kept = before["files"] if before.get("commit") == commit else {}
    known[revision] = {"commit": commit, "files": dict(sorted({**kept, **hashes}.items()))}
    write_json(_record(repository), known)


def _record(repository: str) -> Path:
    return repository_folder(repository) / "revisions.json"


_UNREACHED = "cannot be fetched, for the hub cannot be reached"
_WHY: tuple[tuple[type[Exception], str], ...] = (  # the first that fits counts
    (HFValidationError, "is not allowed; allowed: owner/name"),
    (OfflineModeIsEnabled, "cannot be fetched while HF_HUB_OFFLINE is set"),
    (
        GatedRepoError,
        "is gated: accept its terms at https://huggingface.co/datasets/{repository}, and set "
        "HF_TOKEN to a token that may read it",
    ),
    (
        RepositoryNotFoundError,
        "is not on the hub, or it is private and HF_TOKEN is not set to a token that may read it",
    ),
    (
        RevisionNotFoundError,
        "has no revision {revision!r}; allowed: a commit, tag or branch",
    ),
    (HfHubHTTPError, "cannot be fetched: {error}"),
    (ConnectionError, _UNREACHED),
    (FileNotFoundError, _UNREACHED),  # huggingface_hub's own, where a file is not cached either
    (OSError, "cannot be fetched: {error}"),
)


def _sentence(repository: str, revision: str, error: Exception) -> str:
    why = next((why for kind, why in _WHY if isinstance(error, kind)), f"{_UNREACHED} ({{error}})")
    told = why.format(repository=repository, revision=revision, error=first_line(error))
    return f"data set {repository!r} {told}"
