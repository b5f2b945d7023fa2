"""The service as docker-compose.yml runs it, on loopback: each part killed with -9, nothing lost.

The processes are the commands of the compose file, with its host names put on this machine: a real
Postgres, a Ray head that takes no runs, a Ray worker node, a scheduler, the API.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from free_ports import free_port
from patience import STILL_S, wait_until
from postgres_server import PostgresServer
from shallow_backbone import two_blocks

COMPOSE = Path(__file__).resolve().parents[1] / "docker-compose.yml"
TOKEN = "token-of-the-test"
STUDY = {
    "name": "served",
    "axes": {
        "layer": [0, 1],
        "mixer": ["multihead_local", "cross_attn", "gated_cross_attn", "per_token_mix"],
        "slots": [1, 2, 3],
        "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.3}],
    },
    "benchmarks": ["tiny_choice"],
    "training": {"max_steps": 2},
    "resources": {"workers": 1},
}
NUM_TREATMENTS = 24  # of a second each: no part comes back so late that none of them is left


class Service:
    """The processes of the compose file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services = yaml.safe_load(COMPOSE.read_text())["services"]
        self.ray_port, self.api_port = free_port(), free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.pauses: dict[str, float] = {}
        self.due: dict[str, float] = {}
        self.postgres = PostgresServer()
        database = self.postgres.create_database()
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TALAN_STORAGE": self.postgres.url(database),
            "TALAN_ARTIFACTS": str(folder / "artifacts"),
            "TALAN_API_TOKEN": TOKEN,
            "TALAN_BACKBONE_ROOTS": str(folder),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": "ray-token-of-the-test",
            "RAY_TMPDIR": str(folder / "r"),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",  # the tests beside them would starve Ray's workers
            "RAY_gcs_rpc_server_reconnect_timeout_s": "5",
        }

    def start(self, name: str) -> None:
        """Start a service with its command from the compose file."""
        words = [self._on_loopback(word, name) for word in self.services[name]["command"]]
        if words[:2] == ["ray", "start"]:
            words += self._node_options(name)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                words, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def _on_loopback(self, word: str, name: str) -> str:
        """A word of a command with this machine's addresses in it."""
        ray = f"127.0.0.1:{self.ray_port}"
        joined = f"ray start {' '.join(self._node_options(name))} --address"
        texts = {
            "ray start --address": joined,
            "ray-head:6379": ray,
            "--port=6379": f"--port={self.ray_port}",
            "--ray-address=auto": f"--ray-address={ray}",
            "--port=8000": f"--port={self.api_port}",
            "--host=0.0.0.0": "--host=127.0.0.1",
        }
        for there, here in texts.items():
            word = word.replace(there, here)
        return word

    def _node_options(self, name: str) -> list[str]:
        """A Ray node has an address of its own, as a container has."""
        number = {"ray-head": 1, "ray-worker": 2, "scheduler": 3}.get(name, 0)
        return [f"--node-ip-address=127.0.0.{number}"]

    def kill(self, name: str) -> None:
        """Kill a service's processes with -9, as if its container had gone."""
        for process in self._family(name):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.processes[name].wait()

    def keep_up(self) -> None:
        """Start what ended by itself, as the restart policy does: later each time, to 4 s."""
        for name, process in list(self.processes.items()):
            if process.poll() is None or self.services[name]["restart"] != "unless-stopped":
                continue
            if name not in self.due:
                self.pauses[name] = min(2 * self.pauses.get(name, 0.25), 4.0)
                self.due[name] = time.monotonic() + self.pauses[name]
            elif time.monotonic() >= self.due[name]:
                del self.due[name]
                self.start(name)

    def run_to_end(self, name: str) -> int:
        """Run a service that ends by itself."""
        self.start(name)
        return self.processes[name].wait()

    def ray_actor(self) -> psutil.Process | None:
        """The worker process that runs something."""
        for process in psutil.process_iter(["cmdline"]):
            if any("RayWorker" in word for word in process.info["cmdline"] or []):
                with suppress(psutil.Error):
                    if process.environ().get("TALAN_API_TOKEN") == TOKEN:
                        return process
        return None

    def ask(self, path: str, *, method: str = "GET", body: Any = None) -> Any:
        """Ask the API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.api_port}/api/v1{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=STILL_S) as answer:
            return json.loads(answer.read() or "null")

    def completed(self) -> int:
        """How many treatments are over; -1 while nobody can say."""
        try:
            return int(self.ask("/studies/served")["runs"]["completed"])
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return -1

    def log(self, name: str) -> str:
        """What a service said."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def logs(self) -> str:
        """What the services said, for a failing test."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted(self.folder.glob("*.log"))
        )

    def close(self) -> None:
        """End everything, also what Ray started outside of all sessions."""
        for name in list(self.processes):
            self.kill(name)
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("TALAN_BACKBONE_ROOTS") == str(self.folder):
                    process.kill()
        self.postgres.close()

    def _family(self, name: str) -> list[psutil.Process]:
        """A service's processes: its session's, and Ray's, which start sessions of their own."""
        leader = self.processes[name].pid
        family = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                if os.getsid(process.pid) == leader:
                    family += [process, *process.children(recursive=True)]
        return family


@pytest.fixture
def service() -> Iterator[Service]:
    folder = Path(tempfile.mkdtemp(prefix="ts", dir="/tmp"))  # Ray's socket paths must be short
    service = Service(folder)
    try:
        yield service
    finally:
        service.close()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(service: Service, condition: Callable[[], bool]) -> None:
    """Wait for a condition, and start again what ended by itself meanwhile."""

    def holds() -> bool:
        service.keep_up()
        return condition()

    wait_until(holds, why=service.logs, pause_s=0.7)


def test_every_part_is_killed_and_the_study_ends_complete(service: Service) -> None:
    assert service.run_to_end("migrate") == 0, service.logs()
    service.start("ray-head")
    service.start("api")
    wait_for(service, lambda: answers(service, "/health/ready"))
    head_is_up(service)
    service.start("ray-worker")
    service.start("scheduler")
    body = {**STUDY, "backbones": [two_blocks(service.folder / "backbone")]}
    service.ask("/studies", method="POST", body=body)

    def more_done(than: int) -> bool:
        return service.completed() > than

    wait_for(service, lambda: more_done(0))
    service.kill("api")
    service.start("api")
    wait_for(service, lambda: answers(service, "/health/ready"))

    wait_for(service, lambda: service.ray_actor() is not None)
    actor = service.ray_actor()
    assert actor is not None
    os.kill(actor.pid, signal.SIGKILL)
    before = max(service.completed(), 0)
    wait_for(service, lambda: more_done(before))

    service.kill("scheduler")
    service.start("scheduler")
    before = max(service.completed(), 0)
    wait_for(service, lambda: more_done(before))

    service.postgres.kill()
    assert status_of(service, "/studies/served") == 503
    wait_for(service, lambda: "; trying again" in service.log("scheduler"))  # its driver is gone
    service.postgres.start_again()
    wait_for(service, lambda: service.completed() >= 0)
    before = service.completed()
    wait_for(service, lambda: more_done(before))

    for name in ("ray-head", "ray-worker"):
        service.kill(name)
    service.start("ray-head")
    head_is_up(service)
    service.start("ray-worker")
    wait_for(service, lambda: service.ask("/studies/served")["state"] == "completed")

    status = service.ask("/studies/served")
    assert status["runs"]["completed"] == status["runs"]["total"] == NUM_TREATMENTS
    assert status["baselines"]["completed"] == 1
    assert status["runs"]["failed"] == 0
    runs = service.ask("/studies/served/runs?limit=100")
    assert len({run["id"] for run in runs}) == len(runs) == NUM_TREATMENTS + 1
    assert all(set(run["cells"]) == {"tiny_choice"} for run in runs)
    configurations = {json.dumps(r["configuration"], sort_keys=True) for r in runs}
    assert len(configurations) == NUM_TREATMENTS + 1


def answers(service: Service, path: str) -> bool:
    return status_of(service, path) == 200


def status_of(service: Service, path: str) -> int:
    try:
        service.ask(path)
    except urllib.error.HTTPError as error:
        return error.code
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0
    return 200


def head_is_up(service: Service) -> None:
    """Wait for the head as the compose file's health check does.

    Where nothing listens the check takes long to say so, and what ended is not started meanwhile.
    """
    check = ["ray", "health-check", f"--address=127.0.0.1:{service.ray_port}"]

    def is_healthy() -> bool:
        try:
            socket.create_connection(("127.0.0.1", service.ray_port), timeout=STILL_S).close()
        except OSError:
            return False
        checked = subprocess.run(check, env=service.environment, capture_output=True, check=False)
        return checked.returncode == 0

    wait_for(service, is_healthy)
