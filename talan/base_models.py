"""Which base model a folder was trained on, and where its files are.

Owns: the base models that come with this package, the fingerprint of a model's files, and finding
a base model by the name that a study gave it. Needs no torch. Does not cover: fetching
(`talan.pretrained`), nor what else a study checks of a backbone (`workers.backbones`).
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

BUILT_IN = {"tiny-qwen3": Path(__file__).resolve().parent / "assets" / "tiny-qwen3"}
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
FILES = (*WEIGHTS, "*.json", "*.jinja", "*.model", "*.txt", "merges*")


def local_folder(name: str) -> Path | None:
    """The folder of a base model that needs no hub; None for any other name."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    path = Path(name).expanduser()
    return path.resolve() if name and path.is_dir() else None


def fingerprint(folder: Path) -> str:
    """SHA-256 over names and contents of a model's weights, configuration and tokenizer files."""
    digest = hashlib.sha256()
    for path in _own_files(folder):
        stat = path.stat()
        digest.update(path.name.encode() + b"\0")
        digest.update(_file_hash(path, stat.st_mtime_ns, stat.st_size))
    return digest.hexdigest()


def _own_files(folder: Path) -> Iterator[Path]:
    yield from sorted({path for pattern in FILES for path in folder.glob(pattern)})


@lru_cache(maxsize=256)
def _file_hash(path: Path, _mtime_ns: int, _num_bytes: int) -> bytes:
    """Hash one file; the time and the size are arguments so that a changed file is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
