"""Artifacts are named by their content, whole or absent, and checked when read."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import resource
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
from fsspec import AbstractFileSystem

from storage import (
    ArtifactCorrupt,
    ArtifactError,
    ArtifactMissing,
    ArtifactStore,
    ArtifactStoreFull,
    ArtifactStoreUnavailable,
)
from storage.artifact_errors import translated
from storage.scores import ScoreStore

DATA = "grün 大".encode() * 1000


@pytest.fixture(params=["folder", "url", "memory"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    """A store as a folder, as a file URL, and on a file system that is no folder."""
    urls = {
        "folder": str(tmp_path / "artifacts"),
        "url": f"file://{tmp_path}/artifacts",
        "memory": f"memory://{tmp_path.name}",
    }
    return ArtifactStore(urls[request.param])


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_bytes_come_back_under_their_hash(artifacts: ArtifactStore) -> None:
    ref = artifacts.put_bytes(DATA, suffix="parquet")
    digest = hashlib.sha256(DATA).hexdigest()
    assert (ref.name, ref.sha256) == (f"sha256-{digest}.parquet", digest)
    assert ref.num_bytes == len(DATA)
    assert artifacts.get_bytes(ref.name) == DATA
    assert artifacts.exists(ref.name)
    artifacts.verify(ref.name)
    assert artifacts.put_bytes(DATA, suffix="parquet") == ref


def test_an_empty_artifact_is_one_too(artifacts: ArtifactStore) -> None:
    assert artifacts.get_bytes(artifacts.put_bytes(b"", suffix="txt").name) == b""


def test_a_missing_artifact_is_named(artifacts: ArtifactStore) -> None:
    name = f"sha256-{'0' * 64}.tar"
    assert not artifacts.exists(name)
    for read in (artifacts.get_bytes, artifacts.verify):
        with pytest.raises(ArtifactMissing, match=f"artifact {name} is not in "):
            read(name)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "sha256-12.tar", "sha256-" + "0" * 64 + "./x"]
)
def test_only_artifact_names_are_looked_up(artifacts: ArtifactStore, name: str) -> None:
    with pytest.raises(ArtifactError, match="is not an artifact name"):
        artifacts.get_bytes(name)


def test_an_altered_artifact_is_noticed_and_mended(tmp_path: Path) -> None:
    artifacts = ArtifactStore(str(tmp_path))
    ref = artifacts.put_bytes(DATA, suffix="parquet")
    (path,) = files(tmp_path)
    for damage in (b"", DATA[:-1], DATA[:-1] + b"x"):
        path.write_bytes(damage)
        for read in (artifacts.get_bytes, artifacts.verify):
            with pytest.raises(ArtifactCorrupt, match="is not what its name says"):
                read(ref.name)
    assert artifacts.put_bytes(DATA, suffix="parquet") == ref
    assert artifacts.get_bytes(ref.name) == DATA


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    def put(_: int) -> str:
        return ArtifactStore(str(tmp_path)).put_bytes(DATA * 50, suffix="bin").name

    with ThreadPoolExecutor(8) as pool:
        (name,) = set(pool.map(put, range(24)))
    assert [path.name for path in files(tmp_path)] == [name]
    ArtifactStore(str(tmp_path)).verify(name)


def test_a_folder_comes_back(artifacts: ArtifactStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "adapter" / "empty").mkdir(parents=True)
    (source / "talan.json").write_text('{"slots": 4}')
    (source / "adapter" / "weights.safetensors").write_bytes(bytes(range(256)) * 100)
    ref = artifacts.put_folder(source)
    assert ref.name.endswith(".tar")
    artifacts.get_folder(ref.name, target)
    assert [p.relative_to(target) for p in files(target)] == [
        p.relative_to(source) for p in files(source)
    ]
    assert all(
        (target / p.relative_to(source)).read_bytes() == p.read_bytes() for p in files(source)
    )
    assert (target / "adapter" / "empty").is_dir()


def put_beyond_the_limit(folder: str, answers: multiprocessing.Queue) -> None:
    """Write more than this process may: the kernel refuses it in the middle."""
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
    try:
        ArtifactStore(folder).put_bytes(DATA * 50, suffix="bin")
    except ArtifactStoreFull as error:
        answers.put(str(error))


def test_a_write_that_finds_no_room_leaves_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    writer = context.Process(target=put_beyond_the_limit, args=(str(tmp_path), answers))
    writer.start()
    sentence = answers.get()
    writer.join()
    assert sentence.startswith(f"artifact store {tmp_path} has no room left: ")
    assert "\n" not in sentence
    assert files(tmp_path) == []


def test_a_full_disk_is_a_full_store() -> None:
    with (
        pytest.raises(ArtifactStoreFull, match="artifact store here has no room left: No space"),
        translated("here"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")


def test_a_store_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(ArtifactStoreUnavailable, match="cannot be used: "):
        ArtifactStore(str(blocked)).put_bytes(DATA, suffix="bin")
    with pytest.raises(ArtifactStoreUnavailable, match="artifact store nowhere://x: "):
        ArtifactStore("nowhere://x")
    with pytest.raises(ArtifactStoreUnavailable, match="Permission denied"), translated("here"):
        raise PermissionError(errno.EACCES, "Permission denied")


class _Silent(AbstractFileSystem):
    protocol = "silent"

    def __init__(self, **_: object) -> None:
        raise OSError


def test_an_error_without_a_message_is_told_by_its_name() -> None:
    fsspec.register_implementation("silent", _Silent, clobber=True)
    for store in (ArtifactStore, ScoreStore):
        with pytest.raises(ArtifactStoreUnavailable, match=r"silent://x: OSError$"):
            store("silent://x")
    with pytest.raises(ArtifactStoreUnavailable, match=r"used: OSError$"), translated("here"):
        raise OSError


def test_a_store_without_room_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ArtifactStore(str(tmp_path / "new"))
    store.require_room(1)
    usage = shutil.disk_usage(tmp_path)._replace(free=10 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    store.require_room(10 << 20)
    with pytest.raises(ArtifactStoreFull, match="10 MiB left, and a run may need 16 MiB"):
        store.require_room(16 << 20)
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactStoreUnavailable):
        ArtifactStore(str(tmp_path / "file" / "under")).require_room(1)
    assert list((tmp_path / "new").iterdir()) == []
