"""Kill anything at any moment of a study of instant runs; its record must be as if none was.

Owns: driving a study of instant runs on a real Ray and a real Postgres, while now and then one of
its processes is killed with -9: the driver, a worker, the database (which is then started again),
Ray itself; and comparing every run's losses, counts, outcomes and deltas with the same study left
alone. What a run holds is a function of its configuration, so that a lost, doubled or mixed-up
answer shows. Does not cover: that training itself begins anew bit by bit (``random_kills.py``).

    python benchmarks/instant_kills.py --minutes 20 --seed 0

A driver is a fork of this process, which has loaded torch: a kill costs a second, not ten.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]
os.environ |= {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(16),
}  # before Ray is loaded

from postgres_server import PostgresServer  # noqa: E402 - from the tests' folder

from benchmarks.noop_bench import NoopBench  # noqa: E402
from search.driving import audits  # noqa: E402
from search.study.file import parse_study  # noqa: E402
from storage import AuditStore, StorageError  # noqa: E402
from workers.job.jobs import CellResult, RunJob, TrainResult  # noqa: E402

WEIGHTS = {"worker": 8, "driver": 5, "database": 5, "ray": 1}
RAY_PORT = 46_379
LOG = Path(tempfile.gettempdir()) / "instant_kills.log"
_STEP_S = 0.2  # of every step, so that a kill finds runs in flight
_RAY = Path(sys.executable).with_name("ray")


class UnhurriedBench(NoopBench):
    """Instant results that take a moment."""

    def begin(self, job: RunJob) -> TrainResult:
        """Train nothing, for a moment."""
        time.sleep(_STEP_S)
        return super().begin(job)

    def evaluate(self, benchmark: str) -> CellResult:
        """Draw outcomes, in a moment."""
        time.sleep(_STEP_S)
        return super().evaluate(benchmark)


def study_of(name: str, *, runs: int) -> dict[str, Any]:
    """A grid of so many configurations, two runs at a time."""
    return {
        "name": name,
        "axes": {"layer": [0, 1, 2, 3, 4], "slots": list(range(1, runs // 5 + 1))},
        "benchmarks": ["tiny_choice", "tiny_code"],
        "resources": {"workers": 2, "cpus_per_run": 1},
    }


class Cluster:
    """A Ray of one node, which outlives drivers."""

    address = f"127.0.0.1:{RAY_PORT}"

    def start(self) -> None:
        """Start it, on what an earlier one may have left."""
        words = [
            "start",
            "--head",
            "--node-ip-address=127.0.0.1",
            f"--port={RAY_PORT}",
            "--num-cpus=2",
        ]
        words += ["--include-dashboard=false", "--object-store-memory=100000000"]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "RAY_worker_niceness": "0"}
        subprocess.run(
            [_RAY, *words], check=True, capture_output=True, env=environment, cwd=REPOSITORY
        )
        self.processes = [
            process
            for process in psutil.process_iter(["cmdline"])
            if f"{RAY_PORT}" in " ".join(process.info["cmdline"] or ())
        ]

    def workers(self) -> list[psutil.Process]:
        """Processes that do runs."""
        raylets = [p for p in self.processes if p.is_running() and p.name() == "raylet"]
        return [
            child
            for raylet in raylets
            for child in raylet.children(recursive=True)
            if "RayWorker" in " ".join(child.cmdline())
        ]

    def kill(self) -> None:
        """Kill the node and what it holds, and start another."""
        self.close()
        self.start()

    def close(self) -> None:
        """Kill it."""
        for process in self.processes:
            try:
                victims = [*process.children(recursive=True), process]
            except psutil.Error:
                continue
            for victim in victims:
                with suppress(psutil.Error):
                    victim.kill()
        psutil.wait_procs(self.processes, timeout=30)


class Drivers:
    """One driver at a time, kept up as a service manager keeps one up."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self._process: Any = None

    def keep_up(self) -> Any:
        """The driver; started where there is none."""
        if self._process is None or not self._process.is_alive():
            fork = multiprocessing.get_context("fork")
            self._process = fork.Process(target=_drive, args=(self._url, self._name))
            self._process.start()
        return self._process

    def kill(self) -> bool:
        """Kill it with -9."""
        process = self.keep_up()
        process.kill()
        process.join()
        return True


def _drive(url: str, name: str) -> None:
    """Drive until the study is over, or something ends this process."""
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)  # its tracebacks are no news
    os.dup2(log, 2)
    engine = audits.Engine(ray_address=Cluster.address, make_executor=UnhurriedBench)
    with AuditStore.open(url) as store:
        audits.drive(store, name, engine=engine)


def state_of(url: str, name: str) -> tuple[str, int]:
    """The study's state and how many runs are over; asked again while the database is away."""
    while True:
        try:
            with AuditStore.open(url) as store:
                status = store.studies.status(name)
                return status.state, sum(kind.completed for kind in status.kinds.values())
        except StorageError:
            time.sleep(0.5)


def measured(url: str, name: str) -> dict[tuple[Any, ...], Any]:
    """What the study holds, by run, with what may not depend on kills."""
    with AuditStore.open(url) as store:
        return {
            (run.host, run.kind, run.seed, run.configuration_id): {
                "state": run.state,
                "g1": run.g1,
                "losses": list(store.runs.losses(run.id) or ()),
                "cells": {
                    cell: [found.delta, found.n_correct, found.helped, found.hurt]
                    for cell, found in run.cells.items()
                },
                "outcomes": {cell: list(store.runs.outcomes(run.id, cell)) for cell in run.cells},
            }
            for run in store.runs.iterate(name)
        }


def run_whole(url: str, name: str, *, until: float) -> None:
    """Keep a driver up until the study is completed.

    Raises:
        TimeoutError: It is not, after so long.
    """
    drivers = Drivers(url, name)
    while state_of(url, name)[0] != "completed":
        if time.monotonic() > until:
            raise TimeoutError(f"study {name} is {state_of(url, name)}")
        drivers.keep_up()
        time.sleep(1)


def main() -> int:
    """Run, kill, compare; 0 where nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest-pause", type=float, default=6.0)
    asked = parser.parse_args()
    draw, killed = random.Random(asked.seed), Counter[str]()
    server, cluster = PostgresServer(), Cluster()
    try:
        cluster.start()
        url = server.url(server.create_database()).replace("postgresql://", "postgresql+psycopg://")
        with AuditStore.open(url, create=True) as store:
            for name in ("alone", "killed"):
                file = parse_study(study_of(name, runs=asked.runs))
                audits.launch(store, file, artifact_url="/nowhere")
        drivers, began = Drivers(url, "killed"), time.monotonic()
        end = began + 60 * asked.minutes
        while killed.total() < asked.kills and time.monotonic() < end:
            drivers.keep_up()
            time.sleep(draw.uniform(0.0, asked.longest_pause))
            state, over = state_of(url, "killed")
            if state == "completed":
                break
            (kind,) = draw.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))
            if kind == "worker":
                workers = cluster.workers()
                if not workers:
                    continue
                draw.choice(workers).kill()
            elif kind == "driver":
                drivers.kill()
            elif kind == "database":
                server.kill()
                time.sleep(draw.uniform(0.0, 3.0))
                server.start_again()
            else:
                cluster.kill()
            killed[kind] += 1
            print(f"{time.monotonic() - began:6.0f} s  {kind}; {over} runs over", flush=True)
        run_whole(url, "killed", until=time.monotonic() + 1200)
        run_whole(url, "alone", until=time.monotonic() + 1200)
        expected, found = measured(url, "alone"), measured(url, "killed")
    finally:
        cluster.close()
        server.close()
    differing = sorted(str(run) for run in expected if expected[run] != found.get(run))
    result = {"kills": dict(killed), "runs": len(expected), "differing": differing}
    print(json.dumps(result))
    return 1 if differing or expected.keys() != found.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
