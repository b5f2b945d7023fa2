"""Folder tars: the same files give the same bytes, and nothing lands outside the target."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from storage import ArtifactCorrupt, ArtifactError
from storage.folder_tar import read_tar, write_tar


def tar_of(folder: Path) -> bytes:
    target = io.BytesIO()
    write_tar(folder, target)
    return target.getvalue()


def fill(folder: Path, names: list[str]) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    return folder


def tar_with(entry: tarfile.TarInfo) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        tar.addfile(entry)
    return target.getvalue()


def test_order_times_and_modes_do_not_matter(tmp_path: Path) -> None:
    names = ["b", "a/z", "a/y", "ünï/x", "n" * 150]
    one = fill(tmp_path / "one", names)
    two = fill(tmp_path / "two", names[::-1])
    os.utime(two / "b", (1, 1))
    (two / "b").chmod(0o600)
    assert tar_of(one) == tar_of(two)


@pytest.mark.parametrize("change", ["content", "name"])
def test_contents_and_names_do(tmp_path: Path, change: str) -> None:
    one, two = fill(tmp_path / "one", ["a", "b"]), fill(tmp_path / "two", ["a", "b"])
    if change == "content":
        (two / "b").write_text("content of c")
    else:
        (two / "b").rename(two / "c")
    assert tar_of(one) != tar_of(two)


def test_links_are_not_stored(tmp_path: Path) -> None:
    fill(tmp_path, ["a"])
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(ArtifactError, match="link is neither a file nor a folder"):
        tar_of(tmp_path)
    with pytest.raises(ArtifactError, match="nowhere is not a folder"):
        tar_of(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out"])
def test_nothing_lands_outside(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtifactCorrupt, match="which is not allowed"):
        read_tar(tar_with(tarfile.TarInfo(name)), tmp_path / "target")
    assert not list(tmp_path.rglob("out"))


def test_links_are_not_unpacked(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("link")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(ArtifactCorrupt, match="holds 'link', which is not allowed"):
        read_tar(tar_with(entry), tmp_path)


def test_what_is_no_tar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactCorrupt, match="cannot be unpacked"):
        read_tar(b"no tar at all" * 100, tmp_path)
