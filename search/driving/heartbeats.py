"""How long a lease lasts, and keeping it while a study is being prepared.

Owns: the times of the lease, and renewing it from a thread while models are looked at and Ray
starts, which may take longer than it lasts. Does not cover: the driver's own heartbeats
(``search.driving.driver``): a driver that hangs must lose its lease.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from storage import AuditStore, StorageError

LEASE_S = 30.0
HEARTBEAT_S = 5.0
WATCH_S = 12.0  # two heartbeats and some: a living driver is heard of in that time


@contextmanager
def heartbeats(store: AuditStore, name: str, *, owner: str) -> Iterator[None]:
    """Keep a lease that is held; that it was lost is told by whatever is written next."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_S):
            with suppress(StorageError):
                store.leases.renew(name, owner=owner, ttl_s=LEASE_S)

    thread = threading.Thread(target=beat, name="heartbeats", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
