"""The hash of a file, computed once as long as the file stays as it is.

Owns: SHA-256 of contents, remembered by path, time and size, so that a changed file is read again.
"""

import hashlib
from functools import lru_cache
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        OSError: The file is missing or cannot be read.
    """
    stat = path.stat()
    return _hash(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=512)
def _hash(path: Path, _mtime_ns: int, _num_bytes: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
