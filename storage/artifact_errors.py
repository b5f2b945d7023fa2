"""The operating system's errors about the artifact store, told as ours.

Owns: which of them mean "full" and which "cannot be used".
Does not cover: a missing artifact, which `artifacts.py` tells apart first.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from storage.errors import ArtifactStoreFull, ArtifactStoreUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raise ArtifactStoreFull or ArtifactStoreUnavailable for errors that mean so."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            raise ArtifactStoreFull(f"artifact store {url} has no room left: {reason}") from error
        raise ArtifactStoreUnavailable(f"artifact store {url} cannot be used: {reason}") from error
