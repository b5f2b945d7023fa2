"""Starting a Ray of our own, or joining a cluster.

Owns: how Ray is started, and refusing one that cannot be reached or has no place for a run. Does
not cover: workers (``search.driving.pool``), which places a run takes
(``search.driving.run_places``).
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

import ray

from search.driving.interruptions import handlers_kept
from search.driving.run_places import places_held
from search.errors import EngineError, PlacementError
from search.study.keys import Resources
from workers.errors import first_line

_ENVIRONMENT = {"TOKENIZERS_PARALLELISM": "false", "PYTHONHASHSEED": "0"}


def start_ray(resources: Resources, *, address: str | None) -> None:
    """Start a Ray of our own on this machine, or join a cluster.

    Raises:
        EngineError: The cluster cannot be reached.
        PlacementError: No node of it can hold one run.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("ray._private.authentication.authentication_token_setup").setLevel("ERROR")
    options: dict[str, object] = {
        "include_dashboard": False,
        "log_to_driver": False,
        "configure_logging": False,
        "runtime_env": {"env_vars": _ENVIRONMENT},
    }
    _give_token()
    if address:
        _check_answers(address)
    else:
        # Ray would nice its workers, and whatever else this machine does would starve them.
        os.environ.setdefault("RAY_worker_niceness", "0")
        # Workers are actors, which get processes of their own: idle ones would start for nobody.
        os.environ.setdefault("RAY_prestart_worker_first_driver", "0")
        processes = resources.workers * resources.processes_per_run
        # A whole number in type, too: where there are more cores, Ray hands it to its raylet as is.
        options["num_cpus"] = math.ceil(processes * resources.cpus_per_run)
    try:
        with handlers_kept():
            ray.init(address=address or "local", **options)
    except Exception as error:  # Ray raises bare ones, too, where its own processes die meanwhile
        msg = f"cannot reach Ray at {address or 'this machine'}: {first_line(error)}"
        raise EngineError(msg) from error
    _check_fits([node["Resources"] for node in ray.nodes() if node["Alive"]], resources)


def _give_token() -> None:
    """Ray keeps a token in the home folder; a user without one (in a container) needs another."""
    if "RAY_AUTH_TOKEN" in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ:
        return
    try:
        is_kept = os.access(Path.home(), os.W_OK)
    except RuntimeError:  # the user has no entry in the system's list, and HOME is not set
        is_kept = False
    if not is_kept:
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(16)


def _check_answers(address: str) -> None:
    """Ray itself would try an address for minutes at which nothing listens."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except (OSError, OverflowError) as error:
            msg = f"cannot reach Ray at {address}: {first_line(error)}"
            raise EngineError(msg) from error


def _check_fits(nodes: Sequence[dict[str, float]], resources: Resources) -> None:
    wanted = {"CPU": resources.cpus_per_run, "GPU": resources.gpus_per_run}
    for kind, amount in wanted.items():
        most = max((node.get(kind, 0.0) for node in nodes), default=0.0)
        if amount > most:
            ray.shutdown()
            msg = f"a run asks for {amount:g} {kind}, and no Ray node has more than {most:g}"
            raise PlacementError(msg)
    held = places_held(nodes, resources)
    if held < resources.processes_per_run:
        ray.shutdown()
        msg = (
            f"a run asks for {resources.processes_per_run} processes of "
            f"{resources.cpus_per_run:g} CPU and {resources.gpus_per_run:g} GPU each, and all Ray "
            f"nodes together hold {held}"
        )
        raise PlacementError(msg)
