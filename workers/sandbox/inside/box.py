"""The throwaway folder of a program.

Owns making it and removing it with all that is in it. A mounted one is a file system in memory of
bounded size; a plain one is a folder on disk in which each file is bounded, but not their number.
"""

import os
import tempfile
from typing import ClassVar, Protocol

from . import kernel, removal


class Box(Protocol):
    """Makes a folder before a program and removes it afterwards."""

    def open(self) -> str:
        """Make an empty folder and return its path."""

    def close(self, folder: str) -> None:
        """Remove it."""


class MountedBox:
    """A file system in memory at one fixed path, mounted anew for each program."""

    PATH: ClassVar[str] = "/tmp"

    def __init__(self, *, mib: int) -> None:
        self._options = f"mode=1777,size={mib}m,nr_inodes=4096"

    def open(self) -> str:
        """Mount it."""
        flags = kernel.MS_NOSUID | kernel.MS_NODEV
        kernel.mount("tmpfs", self.PATH, "tmpfs", flags=flags, options=self._options)
        return self.PATH

    def close(self, folder: str) -> None:
        """Unmount it, which frees it when the last process in it is gone."""
        kernel.call("umount2", folder.encode(), kernel.MNT_DETACH)


class FolderBox:
    """A new folder in ``base`` for each program, given to the user that it runs as."""

    def __init__(self, base: str, *, owner: int | None) -> None:
        self._base = base
        self._owner = owner
        os.chmod(base, 0o711)  # noqa: PTH101

    def open(self) -> str:
        """Make it."""
        folder = tempfile.mkdtemp(dir=self._base)
        if self._owner is not None:
            os.chown(folder, self._owner, self._owner)
        return folder

    def close(self, folder: str) -> None:
        """Remove it."""
        removal.remove(folder)
