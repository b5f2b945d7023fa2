"""Messages between the host and the clean interpreter: four bytes of length, then JSON.

Owns the framing on a stream socket. Not covered: what the messages mean.
"""

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!I")


def send(channel: socket.socket, message: dict[str, Any]) -> None:
    """Send one message; escapes keep lone surrogates of generated text intact."""
    body = json.dumps(message).encode("ascii")
    channel.sendall(_LENGTH.pack(len(body)) + body)


def receive(channel: socket.socket) -> dict[str, Any] | None:
    """The next message, or None when the other end is gone."""
    head = _exactly(channel, _LENGTH.size)
    body = head and _exactly(channel, _LENGTH.unpack(head)[0])
    if not body:
        return None
    message: dict[str, object] = json.loads(body)
    return message


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = channel.recv(min(size - len(data), 1 << 20))
        if not part:
            return b""
        data += part
    return bytes(data)
