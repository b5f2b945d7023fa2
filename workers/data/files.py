"""Writing data files: whole or not at all, the same bytes for the same content.

Owns the encoding of JSON here, and replacing a file in one step. Does not cover what is written.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from workers.errors import DataError


def write_json_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> str:
    """Write one row per line, in ASCII; return the SHA-256 of the bytes.

    Unicode has line ends of its own, which some readers split at: they are escaped.

    Raises:
        DataError: The file cannot be written.
    """
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return _write(path, text.encode())


def write_json(path: Path, content: Mapping[str, object]) -> str:
    """Write one JSON document for people to read; return the SHA-256 of the bytes.

    Raises:
        DataError: The file cannot be written.
    """
    return _write(path, (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())


def _write(path: Path, data: bytes) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            file.write(data)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from error
    return hashlib.sha256(data).hexdigest()
