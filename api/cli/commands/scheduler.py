"""``talan scheduler``: drive queued studies.

Owns: starting the process. Does not cover: scheduling (``search.driving.scheduler``).
"""

from __future__ import annotations

import os

import typer

from api.cli.options import RayOption, StorageOption, open_store
from api.places import DEFAULT_STORAGE
from search.driving.scheduler import Scheduler


def scheduler(storage: StorageOption = None, ray_address: RayOption = None) -> None:
    """Drive the studies that the API queues, until stopped.

    Several schedulers may share a database. Two never drive the same study; when one dies, another
    takes over its study.
    """
    open_store(storage, create=True).close()
    typer.echo("scheduler: waiting for studies", err=True)
    keeper = os.environ.get("TALAN_KEEPER_PID")
    Scheduler(
        storage or DEFAULT_STORAGE,
        ray_address=ray_address,
        log=lambda line: typer.echo(line, err=True),
        keeper_pid=int(keeper) if keeper else None,
    ).run()
