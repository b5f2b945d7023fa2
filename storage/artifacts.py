"""The artifact store: big things, named by their content.

Owns: writing bytes and folders under the SHA-256 of their content, and reading them back checked.
A folder is kept as an uncompressed tar whose bytes depend on the files' names and contents only.
Does not cover: what is in them, and removing what nothing refers to any more.

The store is a folder or any fsspec URL. `sha256-<hex>.<suffix>` lies in the sub-folder named by the
first two hex digits. An artifact is written beside its place and moved there, so that a name is
either whole or absent; putting what is there already (and sound) writes nothing.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fsspec.implementations.local import LocalFileSystem

from storage.artifact_errors import opened, translated
from storage.errors import (
    ArtifactCorrupt,
    ArtifactError,
    ArtifactMissing,
    ArtifactStoreFull,
)
from storage.folder_tar import read_tar, write_tar

_NAME = re.compile(r"sha256-([0-9a-f]{64})\.([a-z0-9.]+)")
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class ArtifactRef:
    """An artifact in the store; its name is all that is needed to get it."""

    name: str
    sha256: str
    num_bytes: int


class ArtifactStore:
    """A folder or fsspec URL with content-named artifacts; safe to share between processes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._fs, self._root = opened(url)

    def put_bytes(self, data: bytes, *, suffix: str) -> ArtifactRef:
        """Store bytes; `suffix` says what they are, such as `parquet`."""
        return self._put(io.BytesIO(data), suffix=suffix)

    def put_file(self, path: Path | str) -> ArtifactRef:
        """Store a file of any size."""
        with Path(path).open("rb") as file:
            return self._put(file, suffix="file")

    def put_folder(self, folder: Path | str) -> ArtifactRef:
        """Store a folder's files as a tar.

        Raises:
            ArtifactError: if it is no folder, or holds something else than files and folders.
        """
        with tempfile.TemporaryFile() as file:
            with translated(self.url):
                write_tar(Path(folder), file)
            return self._put(file, suffix="tar")

    def get_bytes(self, name: str) -> bytes:
        """Return an artifact's bytes, checked against its name.

        Raises:
            ArtifactMissing: if there is none of that name.
            ArtifactCorrupt: if its content is not what the name says.
        """
        data = b"".join(self._chunks(name))
        self._require(name, hashlib.sha256(data).hexdigest())
        return data

    def get_file(self, name: str, target: Path | str) -> None:
        """Write an artifact of any size into a file, checked against its name.

        Raises:
            ArtifactMissing: if there is none of that name.
            ArtifactCorrupt: if its content is not what the name says.
        """
        digest = hashlib.sha256()
        with Path(target).open("wb") as file:
            for chunk in self._chunks(name):
                digest.update(chunk)
                file.write(chunk)
        self._require(name, digest.hexdigest())

    def get_folder(self, name: str, target: Path | str) -> None:
        """Unpack a stored folder into `target`, checked against its name first."""
        read_tar(self.get_bytes(name), Path(target))

    def verify(self, name: str) -> None:
        """Check an artifact without keeping it; raises as `get_bytes` does."""
        self._require(name, self._digest(name))

    def require_room(self, num_bytes: int) -> None:
        """Refuse a store that cannot take so much more; only a folder can be asked.

        Raises:
            ArtifactStoreFull: if its disk has less room left.
            ArtifactStoreUnavailable: if it cannot be written.
        """
        if not isinstance(self._fs, LocalFileSystem):
            return
        with translated(self.url):
            folder = Path(self._root)
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            free = shutil.disk_usage(folder).free
        if free < num_bytes:
            raise ArtifactStoreFull(
                f"artifact store {self.url} has {free / 2**20:.0f} MiB left, and a run may need "
                f"{num_bytes / 2**20:.0f} MiB; make room, or choose another store"
            )

    def exists(self, name: str) -> bool:
        """Say whether there is an artifact of that name, sound or not."""
        with translated(self.url):
            return bool(self._fs.exists(self._path(name)))

    def _put(self, file: IO[bytes], *, suffix: str) -> ArtifactRef:
        digest, num_bytes = _measure(file)
        name = f"sha256-{digest}.{suffix}"
        ref = ArtifactRef(name, digest, num_bytes)
        if not self._is_sound(name):
            self._write(file, self._path(name))
        return ref

    def _write(self, file: IO[bytes], path: str) -> None:
        partial = f"{path}.{uuid.uuid4().hex}.partial"
        file.seek(0)
        with translated(self.url):
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            try:
                with self._fs.open(partial, "wb") as target:
                    for chunk in _read_chunks(file):
                        target.write(chunk)
                self._move(partial, path)
            except BaseException:
                with suppress(Exception):
                    self._fs.rm(partial)
                raise

    def _move(self, partial: str, path: str) -> None:
        if isinstance(self._fs, LocalFileSystem):
            Path(partial).replace(path)
        else:
            self._fs.mv(partial, path)

    def _is_sound(self, name: str) -> bool:
        try:
            return self._digest(name) == _digest_in(name)
        except ArtifactMissing:
            return False

    def _digest(self, name: str) -> str:
        digest = hashlib.sha256()
        for chunk in self._chunks(name):
            digest.update(chunk)
        return digest.hexdigest()

    def _chunks(self, name: str) -> Iterator[bytes]:
        path = self._path(name)
        with translated(self.url):
            try:
                with self._fs.open(path, "rb") as file:
                    yield from _read_chunks(file)
            except FileNotFoundError:
                raise ArtifactMissing(f"artifact {name} is not in {self.url}") from None

    def _require(self, name: str, digest: str) -> None:
        if digest != _digest_in(name):
            raise ArtifactCorrupt(
                f"artifact {name} in {self.url} is not what its name says: its content's hash is "
                f"{digest}"
            )

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{_digest_in(name)[:2]}/{name}"


def _digest_in(name: str) -> str:
    match = _NAME.fullmatch(name)
    if match is None:
        raise ArtifactError(
            f"'{name}' is not an artifact name; they look like sha256-<64 hex>.<suffix>"
        )
    return match.group(1)


def _measure(file: IO[bytes]) -> tuple[str, int]:
    """Return the SHA-256 and the length of a file's whole content."""
    digest, num_bytes = hashlib.sha256(), 0
    file.seek(0)
    for chunk in _read_chunks(file):
        digest.update(chunk)
        num_bytes += len(chunk)
    return digest.hexdigest(), num_bytes


def _read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
