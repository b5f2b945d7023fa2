"""Serving the REST API with uvicorn.

Owns: where it may listen, and the server's own limits. Does not cover: the application
(``api.rest``), nor the scheduler next to it (``talan serve``).
"""

from __future__ import annotations

import ipaddress
import os
import socket

import uvicorn

from api.errors import ServeError
from api.rest import Settings, create_app
from api.rest.warm_up import warm_up

_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_GRACE_S = 3


def check_binding(host: str) -> None:
    """Refuse to listen where others can ask, unless a token is needed to.

    Raises:
        ServeError: The address is not this machine's alone and ``TALAN_API_TOKEN`` is not set, or
            it is no address.
    """
    if not os.environ.get("TALAN_API_TOKEN") and not _is_loopback(host):
        msg = (
            f"host {host!r} can be reached from other machines, and TALAN_API_TOKEN is not set; "
            "set a token, or listen on 127.0.0.1"
        )
        raise ServeError(msg)


def run_api(
    *,
    host: str,
    port: int,
    storage_url: str,
    artifact_url: str | None = None,
    root_path: str | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        ServeError: As ``check_binding``.
        SettingsError: A setting in the environment is not allowed.
        StorageUrlError: The URL names no database that this project can use.
    """
    check_binding(host)
    # A launch checks backbones: one that is not on this machine is refused, never downloaded.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    allowed_hosts = None if os.environ.get("TALAN_API_TOKEN") else (*_LOOPBACK_HOSTS, host.lower())
    environment = {**os.environ, **({} if root_path is None else {"TALAN_ROOT_PATH": root_path})}
    settings = Settings.from_environment(
        environment, artifacts=artifact_url, allowed_hosts=allowed_hosts
    )
    application = create_app(storage_url, settings)
    warm_up()
    uvicorn.run(
        application,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _is_loopback(host: str) -> bool:
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None)}
    except OSError as error:
        msg = f"host {host!r} is not an address of this machine: {error.strerror or error}"
        raise ServeError(msg) from error
    return all(ipaddress.ip_address(str(a).partition("%")[0]).is_loopback for a in found)
