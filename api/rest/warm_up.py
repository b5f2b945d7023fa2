"""Loading at the server's start what its first launch would wait for.

Owns: which modules those are. Checking a study builds backbones without weights and renders texts:
torch, transformers and the harness take some ten seconds to load, once a process. Does not cover:
the checks (``search.cost.launch_check``).
"""

from __future__ import annotations

from importlib import import_module
from threading import Thread

_WANTED = ("search.driving.audits", "search.cost.planned")


def warm_up() -> Thread:
    """Load them while requests are already answered; one that needs them waits for no more."""
    # Not a daemon: an interpreter that ends in the middle of torch's import would be aborted.
    thread = Thread(target=_load, name="warm-up")
    thread.start()
    return thread


def _load() -> None:
    for name in _WANTED:
        import_module(name)
