"""``talan serve``: the API, and on one machine a scheduler with it.

Owns: starting both, and starting the scheduler again whenever it ends. Does not cover: REST
(``api.rest``) and scheduling (``search.driving.scheduler``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Annotated

import typer

from api.cli.options import (
    ArtifactsOption,
    RayOption,
    StorageOption,
    open_store,
)
from api.places import DEFAULT_STORAGE, artifact_url
from api.rest.server import check_binding, run_api

_RESTART_S = 2.0


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    with_scheduler: Annotated[
        bool,
        typer.Option("--scheduler/--no-scheduler", help="Also drive queued studies, here."),
    ] = True,
    root_path: Annotated[
        str | None,
        typer.Option(
            envvar="TALAN_ROOT_PATH",
            help="The path under which a proxy serves this, such as /talan.",
            show_default=False,
        ),
    ] = None,
    storage: StorageOption = None,
    artifacts: ArtifactsOption = None,
    ray_address: RayOption = None,
) -> None:
    """Serve the pages and the REST API, and drive the studies that they queue.

    With a token in TALAN_API_TOKEN, every call except health must send it. Without one, the service
    listens on this machine only.

    Example: `TALAN_API_TOKEN=... talan serve --host 0.0.0.0`
    """
    check_binding(host)
    open_store(storage, create=True).close()
    url = storage or DEFAULT_STORAGE
    keeper = _Keeper(url, ray_address=ray_address) if with_scheduler else None
    typer.echo(f"TALAN Audit: http://{host}:{port}", err=True)
    try:
        run_api(
            host=host,
            port=port,
            storage_url=url,
            artifact_url=artifact_url(artifacts),
            root_path=root_path,
        )
    finally:
        if keeper:
            keeper.close()


class _Keeper:
    """A scheduler process, started again whenever it ends."""

    def __init__(self, storage_url: str, *, ray_address: str | None) -> None:
        self._environment = {
            **os.environ,
            "TALAN_STORAGE": storage_url,
            "TALAN_KEEPER_PID": str(os.getpid()),
        }
        if ray_address:
            self._environment["RAY_ADDRESS"] = ray_address
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="scheduler-keeper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the scheduler; the study it drives is queued again."""
        self._closing.set()
        if self._process and self._process.poll() is None:
            self._process.terminate()
        self._thread.join(timeout=40)

    def _keep(self) -> None:
        command = [sys.executable, "-m", "api", "scheduler"]
        while not self._closing.is_set():
            self._process = subprocess.Popen(command, env=self._environment)
            self._process.wait()
            self._closing.wait(_RESTART_S)
