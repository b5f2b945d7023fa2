"""A folder as a tar whose bytes depend on names and contents only.

Owns: packing (sorted, no times, owners or modes) and unpacking inside a target.
Does not cover: compression, and anything but plain files and folders.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO

from storage.errors import ArtifactCorrupt, ArtifactError


def write_tar(folder: Path, target: IO[bytes]) -> None:
    """Write a folder's content as a tar.

    Raises:
        ArtifactError: if it is no folder, or holds a link or something stranger.
    """
    if not folder.is_dir():
        raise ArtifactError(f"{folder} is not a folder")
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            _add(tar, path, name=path.relative_to(folder).as_posix())


def read_tar(data: bytes, target: Path) -> None:
    """Unpack a tar made by `write_tar` into a folder.

    Raises:
        ArtifactCorrupt: if it is no tar, or an entry would land outside the folder.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for entry in tar:
                _extract(tar, entry, target)
    except tarfile.TarError as error:
        raise ArtifactCorrupt(f"the stored folder cannot be unpacked: {error}") from None


def _add(tar: tarfile.TarFile, path: Path, *, name: str) -> None:
    entry = tarfile.TarInfo(name)
    if path.is_symlink() or not (path.is_file() or path.is_dir()):
        raise ArtifactError(f"{path} is neither a file nor a folder; only those are stored")
    if path.is_dir():
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(entry)
        return
    entry.size, entry.mode = path.stat().st_size, 0o644
    with path.open("rb") as content:
        tar.addfile(entry, content)


def _extract(tar: tarfile.TarFile, entry: tarfile.TarInfo, target: Path) -> None:
    place = PurePosixPath(entry.name)
    if place.is_absolute() or ".." in place.parts or not (entry.isfile() or entry.isdir()):
        raise ArtifactCorrupt(f"the stored folder holds '{entry.name}', which is not allowed")
    path = target / place
    if entry.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(entry)
    path.write_bytes(content.read() if content else b"")
