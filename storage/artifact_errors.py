"""The artifact store opened, and the operating system's errors about it, told as ours.

Owns: which of them mean "full" and which "cannot be used".
Does not cover: a missing artifact, which `artifacts.py` tells apart first.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import fsspec

from storage.errors import ArtifactStoreFull, ArtifactStoreUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def opened(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """The file system of a store's URL, and the path in it.

    Raises:
        ArtifactStoreUnavailable: There is no such file system, or it does not let itself be used.
    """
    try:
        files, path = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError, OSError) as error:
        raise ArtifactStoreUnavailable(f"artifact store {url}: {_first_line(error)}") from None
    return files, path


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raise ArtifactStoreFull or ArtifactStoreUnavailable for errors that mean so."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or _first_line(error)
        if error.errno in _FULL:
            raise ArtifactStoreFull(f"artifact store {url} has no room left: {reason}") from error
        raise ArtifactStoreUnavailable(f"artifact store {url} cannot be used: {reason}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
