"""Linux namespaces around the clean interpreter, and the small file tree it keeps.

Owns: leaving the host's process, network, IPC and mount namespaces, and building a root that holds
the system's libraries and the interpreter's, read-only, three devices, a fresh /proc and an
empty mount point. As root no user namespace is needed; as another user one is made first.
Not covered: dropping rights afterwards (``child.py``).
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from . import kernel

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_APART = kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
_LOCKED = kernel.MS_NOSUID | kernel.MS_NODEV


def libraries() -> list[str]:
    """What a program must be able to read: the system's libraries and the interpreter's."""
    ours = {str(Path(entry).resolve().parent) for entry in sys.path if Path(entry).is_dir()}
    ours = {path for path in ours if not path.startswith("/usr/")}
    return [path for path in (*_SYSTEM, *sorted(ours, key=len)) if Path(path).is_dir()]


def leave() -> frozenset[str]:
    """Leave the host's namespaces; the next child is process 1 of the new ones.

    Raises:
        OSError: The kernel, or a container around us, denies it.
    """
    layers = {"pid", "net", "ipc", "mount"}
    try:
        kernel.call("unshare", _APART)
    except PermissionError:
        _become_owner()
        layers.add("user")
    return frozenset(layers)


def build_root(base: str, *, readable: Iterable[str], empty: str) -> None:
    """Give this process a root of its own.

    Args:
        base: An empty folder it is built in.
        readable: Folders to show, read-only, where they are now.
        empty: A folder to leave empty, to mount something on later.

    Raises:
        OSError: A mount is denied; the process is of no more use then.
    """
    kernel.call("unshare", kernel.CLONE_NEWNS)
    kernel.mount("none", "/", None, flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", base, "tmpfs", flags=_LOCKED, options="mode=0755,size=1m")
    for path in readable:
        _show(path, base)
    for device in _DEVICES:
        _show_device(device, base)
    for folder in ("/proc", empty):
        Path(base + folder).mkdir(parents=True)
    _mount_proc(f"{base}/proc")
    kernel.restrict_mount(base, flags=kernel.MS_RDONLY, recursive=False)
    _enter(base)


def _become_owner() -> None:
    user, group = os.geteuid(), os.getegid()
    kernel.call("unshare", kernel.CLONE_NEWUSER | _APART)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _show(path: str, base: str) -> None:
    target = Path(base + path)
    if target.exists() or target.is_symlink():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if Path(path).is_symlink():
        target.symlink_to(Path(path).readlink())
        return
    target.mkdir()
    kernel.mount(path, str(target), None, flags=kernel.MS_BIND | kernel.MS_REC)
    kernel.restrict_mount(str(target), flags=_LOCKED | kernel.MS_RDONLY, recursive=True)


def _show_device(path: str, base: str) -> None:
    target = Path(base + path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()
    kernel.mount(path, str(target), None, flags=kernel.MS_BIND)


def _mount_proc(target: str) -> None:
    flags = _LOCKED | kernel.MS_NOEXEC
    for options in ("hidepid=2,subset=pid", ""):
        try:
            kernel.mount("proc", target, "proc", flags=flags, options=options)
        except OSError:
            continue
        return
    # Containers mask parts of /proc, and then no fresh one may be mounted: it stays empty.


def _enter(base: str) -> None:
    os.chdir(base)
    kernel.syscall("pivot_root", b".", b".")
    kernel.call("umount2", b".", kernel.MNT_DETACH)
    os.chdir("/")
