"""Ports for the servers that tests start.

A port that the system would give out itself may be given to another test before the server binds
it, so these lie below: from 20,000 up, and the system begins at 32,768.
"""

from __future__ import annotations

import random
import socket

_PORTS = range(20_000, 32_000)
_draw = random.Random()  # each process of tests begins elsewhere


def free_port() -> int:
    """A port on which nobody listens."""
    while True:
        port = _draw.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
