"""A connection pooler in transaction mode, as PgBouncer is one: for tests only.

Owns: giving each transaction of a client another of two server connections, and refusing startup
options. Does not cover: authentication (the tests' server trusts everybody), COPY, cancelling.
"""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102


class TransactionPooler:
    """Listens on loopback, before a server."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                _send_at_once(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError, EOFError):
            startup = _read_startup(client)
            if startup is None:
                return
            if b"\x00options\x00" in startup:
                client.sendall(_refusal(b"unsupported startup parameter in options: search_path"))
                return
            servers = [self._connect(startup) for _ in range(2)]
            client.sendall(servers[0][1])
            _relay(client, itertools.cycle(server for server, _ in servers))

    def _connect(self, startup: bytes) -> tuple[socket.socket, bytes]:
        server = socket.create_connection(("127.0.0.1", self._server_port))
        _send_at_once(server)
        server.sendall(startup)
        return server, b"".join(_until_ready(server))


def _send_at_once(connection: socket.socket) -> None:
    """Small messages go out one by one: each would wait 40 ms for the last one's receipt."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _relay(client: socket.socket, servers: Iterator[socket.socket]) -> None:
    server = next(servers)
    while True:
        kind, message = _read_message(client)
        if kind == b"X":
            return
        server.sendall(message)
        if kind in (b"Q", b"S"):
            answer = list(_until_ready(server))
            client.sendall(b"".join(answer))
            if answer[-1].endswith(b"I"):  # the transaction is over: so is the server connection
                server = next(servers)


def _until_ready(server: socket.socket) -> Iterator[bytes]:
    kind = b""
    while kind != b"Z":
        kind, message = _read_message(server)
        yield message


def _read_message(source: socket.socket) -> tuple[bytes, bytes]:
    head = _read(source, 5)
    (length,) = struct.unpack("!i", head[1:])
    return head[:1], head + _read(source, length - 4)


def _read_startup(client: socket.socket) -> bytes | None:
    while True:
        head = _read(client, 8)
        length, code = struct.unpack("!ii", head)
        if code in (_SSL, _GSS):
            client.sendall(b"N")
            continue
        return None if code == _CANCEL else head + _read(client, length - 8)


def _read(source: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = source.recv(count - len(found))
        if not part:
            raise EOFError
        found += part
    return found


def _refusal(text: bytes) -> bytes:
    fields = b"SFATAL\x00VFATAL\x00C08P01\x00M" + text + b"\x00\x00"
    return b"E" + struct.pack("!i", len(fields) + 4) + fields
