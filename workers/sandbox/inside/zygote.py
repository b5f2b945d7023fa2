"""The clean interpreter: started once, it forks one process per program.

Owns its own start (fixed addresses, namespaces, file tree, layers) and the loop of questions.
Not covered: one program's life (``trial.py``) and what its process does to itself (``child.py``).
"""

import contextlib
import ctypes
import gc
import importlib.util
import json
import os
import signal
import socket
import sys
import types
from pathlib import Path
from typing import Any

from . import child, frames, guardian, kernel, layers, namespaces, removal
from .box import Box, FolderBox, MountedBox
from .trial import Trial

_FOLDER_FILES = 16  # the whole folder holds this many of the largest files
# What programs import most: each is loaded once instead of once a program.
_PRELOADED = (
    "math",
    "cmath",
    "re",
    "string",
    "random",
    "itertools",
    "functools",
    "operator",
    "bisect",
    "collections",
    "heapq",
    "typing",
    "dataclasses",
    "abc",
    "enum",
    "copy",
    "datetime",
    "time",
    "decimal",
    "fractions",
    "statistics",
    "json",
    "textwrap",
    "traceback",
)


def main() -> None:
    """Serve the host until it lets go; the one argument is its settings as JSON."""
    _fix_addresses()
    sys.path.pop()  # the folder of this package, which the bootstrap put last
    settings = json.loads(sys.argv[1])
    control, lifeline = _low(settings["control"]), _low(settings["lifeline"])
    try:
        left = namespaces.leave() if settings["namespaces"] else frozenset[str]()
    except OSError as error:
        frames.send(control, {"denied": str(error)})
        return
    guardian.guard(lambda: _serve(control, settings, left), lifeline=lifeline, control=control)
    removal.remove(settings["folder"])


def _serve(control: socket.socket, settings: dict[str, Any], left: frozenset[str]) -> None:
    try:
        trial = _set_up(settings, left)
    except OSError as error:
        frames.send(control, {"denied" if left else "error": str(error)})
        return
    frames.send(control, {"layers": sorted(trial.confinement.layers)})
    while (question := frames.receive(control)) is not None:
        try:
            answer = trial.run(question["program"])
        except OSError as error:  # the machine's fault, no verdict on the program
            answer = {"error": str(error)}
        frames.send(control, answer)


def _set_up(settings: dict[str, Any], left: frozenset[str]) -> Trial:
    for name in _PRELOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a handler would let process 1 be signalled
    if kernel.AVAILABLE:
        _die_with_the_guardian()
    limits, folder = settings["limits"], settings["folder"]
    readable = tuple(namespaces.libraries())
    box: Box
    if "mount" in left:
        namespaces.build_root(folder, readable=readable, empty=MountedBox.PATH)
        box = MountedBox(mib=_FOLDER_FILES * limits["file_mib"])
    else:
        box = FolderBox(folder, owner=child.NOBODY if os.geteuid() == 0 else None)
    active = left | layers.working(mounted="mount" in left)
    confinement = child.Confinement(limits, active, readable, library=_library(active))
    _forget(confinement.library)
    return Trial(box, confinement)


def _die_with_the_guardian() -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # nor may a program look into this process
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)


def _library(active: frozenset[str]) -> tuple[str, ...]:
    """`sys.path` for programs: by descriptor where their user may not walk to the folder."""
    found = [entry for entry in sys.path if Path(entry).is_dir()]
    if "uid" not in active or layers.reachable_by_nobody(found):
        return tuple(found)
    return tuple(child.path_of(os.open(entry, os.O_RDONLY)) for entry in found)


def _low(descriptor: int) -> socket.socket:
    """The same socket under the lowest free number, where a child closes it."""
    with socket.socket(fileno=descriptor) as given:
        return given.dup()


def _forget(library: tuple[str, ...]) -> None:
    """Leave no name of the harness where a program looks first, and share what is here already."""
    for name in [name for name in sys.modules if name.split(".")[0] == "inside"]:
        del sys.modules[name]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv[:] = sys.orig_argv[:] = [""]
    os.environ.clear()
    os.environ.update(PATH="/usr/bin:/bin", TZ="UTC")
    sys.path[:] = library
    sys.path_importer_cache.clear()
    importlib.util.find_spec("no_such_module")  # reads the library's folders once for all
    gc.collect()
    gc.freeze()


def _fix_addresses() -> None:
    """Start again without address randomisation: sets of objects order by address."""
    if not kernel.AVAILABLE:
        return
    with contextlib.suppress(OSError):
        persona = kernel.call("personality", ctypes.c_ulong(0xFFFFFFFF))
        if not persona & kernel.ADDR_NO_RANDOMIZE:
            kernel.call("personality", ctypes.c_ulong(persona | kernel.ADDR_NO_RANDOMIZE))
            os.execv(sys.executable, sys.orig_argv)
