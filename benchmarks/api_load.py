"""What a question costs over REST, on a Postgres record of a large audit; Optuna's beside it.

Seeds 10,000 configurations x 4 backbones x 4 cells (``--configurations 25000`` for as many runs as
a study may have), serves it with ``talan serve`` as it is, and asks with 1, 8 and 32 clients.
Beside it: G1 by mixer as one would ask Optuna's own storage (load the studies, get their trials,
count the feasible), and optuna-dashboard's call for one study.

    .venv/bin/python benchmarks/api_load.py [--configurations 10000] [--clients 1 8 32]

Clients and server share the machine: figures at 8 and 32 clients are of both. ``cpu_ms`` is what a
request costs the API and Postgres together, without the wait for a core. ``first_ms`` is the first
time that it is asked: tests of rates are computed then and remembered.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
import psutil
from report import report
from seeded_record import BACKBONES, NAME, seed_optuna, seed_record

from storage import AuditStore
from storage.database import Database

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))
RUNS = f"/api/v1/studies/{NAME}/runs?mixer=cross_attn&g1=true&limit=50"


def measure(
    ask: Callable[[http.client.HTTPConnection], None], *, port: int, clients: int, requests: int
) -> dict[str, float | None]:
    """Latencies of a question asked by so many clients at once, in ms."""
    taken: list[float] = []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        for _ in range(requests // clients):
            start = time.perf_counter()
            ask(connection)
            taken.append(1000 * (time.perf_counter() - start))
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s = time.perf_counter() - start
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    return {"p50_ms": cuts[49], "p95_ms": cuts[94], "per_s": len(taken) / wall_s}


def first(port: int, path: str) -> float:
    """How long a question takes that nobody asked before, in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    start = time.perf_counter()
    read(connection, path)
    taken_ms = 1000 * (time.perf_counter() - start)
    connection.close()
    return taken_ms


def get(path: str) -> Callable[[http.client.HTTPConnection], None]:
    def ask(connection: http.client.HTTPConnection) -> None:
        read(connection, path)

    return ask


def read(connection: http.client.HTTPConnection, path: str) -> http.client.HTTPResponse:
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path}: {response.status} {body[:300]!r}")
    json.loads(body)
    return response


def deep_page(port: int, path: str, *, share: float) -> str:
    """The path of the page at a share of a listing, found by walking there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    cursors: list[str] = []
    at = path.replace("limit=50", "limit=1000")
    cursor = read(connection, at).headers["X-Next-Cursor"]
    while cursor is not None:
        cursors.append(cursor)
        cursor = read(connection, f"{at}&cursor={cursor}").headers["X-Next-Cursor"]
    connection.close()
    return f"{path}&cursor={cursors[int(share * len(cursors))]}" if cursors else path


@contextmanager
def served(url: str) -> Iterator[int]:
    """The API on a free port."""
    port = free_port()
    command = ["-m", "api", "serve", "--no-scheduler", "--port", str(port), "--storage", url]
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment()) as process:
        try:
            wait_for(port, "/health/ready")
            yield port
        finally:
            process.terminate()


@contextmanager
def dashboard(url: str) -> Iterator[int]:
    """optuna-dashboard on a free port."""
    port = free_port()
    program = Path(sys.executable).parent / "optuna-dashboard"
    command = [str(program), url, "--port", str(port), "--server", "wsgiref"]
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=silent, stderr=silent) as process:
        try:
            wait_for(port, "/api/studies")
            yield port
        finally:
            process.terminate()


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("TALAN_")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, path: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            read(connection, path)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def ours(url: str, *, clients: list[int], requests: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with served(url) as port:
        questions = {
            "G1 by mixer": f"/api/v1/g1-rates?study={NAME}&by=mixer",
            "status": f"/api/v1/studies/{NAME}",
            "runs, first page": RUNS,
            "runs, page at 90%": deep_page(port, RUNS, share=0.9),
            "runs by delta, first page": RUNS + "&sort=mean_delta",
            "runs by delta, at 90%": deep_page(port, RUNS + "&sort=mean_delta", share=0.9),
        }
        for name, path in questions.items():
            first_ms: float | None = first(port, path)
            measure(get(path), port=port, clients=1, requests=5)
            for count in clients:
                asked = max(requests, 5 * count) // count * count
                before_s = cpu_s(port)
                figures = measure(get(path), port=port, clients=count, requests=asked)
                cpu_ms = 1000 * (cpu_s(port) - before_s) / asked
                # Several clients make connections come and go, and their CPU with them.
                figures["cpu_ms"] = cpu_ms if count == 1 else None
                figures["first_ms"], first_ms = first_ms, None
                rows.append({"question": name, "clients": count, **figures})
                print(rows[-1], file=sys.stderr)
    return rows


def cpu_s(port: int) -> float:
    """CPU seconds that the API on a port, and all of Postgres below this process, have used."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            command = process.cmdline()
            if str(port) in command or process.name() == "postgres":
                times = process.cpu_times()
                total += times.user + times.system
    return total


def optuna_by_mixer(url: str) -> dict[tuple[int, str], float]:
    """Feasibility rate by host and mixer, as Optuna's storage gives it."""
    storage = optuna.storages.RDBStorage(url)
    rates = {}
    for host in range(len(BACKBONES)):
        study = optuna.load_study(study_name=f"{NAME}-{host}", storage=storage)
        runs: Counter[str] = Counter()
        g1: Counter[str] = Counter()
        for trial in study.get_trials(deepcopy=False):
            mixer = trial.params["mixer"]
            runs[mixer] += 1
            g1[mixer] += all(value <= 0 for value in trial.constraints.values())
        rates |= {(host, mixer): g1[mixer] / runs[mixer] for mixer in runs}
    return rates


def theirs(url: str) -> tuple[list[dict[str, Any]], dict[tuple[int, str], float]]:
    start = time.perf_counter()
    rates = optuna_by_mixer(url)
    took_ms = 1000 * (time.perf_counter() - start)
    none = dict.fromkeys(("p95_ms", "per_s", "cpu_ms", "first_ms"))
    rows = [{"question": "Optuna storage: G1 by mixer", "clients": 1, "p50_ms": took_ms, **none}]
    with dashboard(url) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        for what, path in (("list", "/api/studies"), ("one study", "/api/studies/1")):
            start = time.perf_counter()
            read(connection, path)
            took_ms = 1000 * (time.perf_counter() - start)
            question = f"optuna-dashboard: {what}"
            rows.append({"question": question, "clients": 1, "p50_ms": took_ms, **none})
    return rows, rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--configurations", type=int, default=10_000)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--without-optuna", action="store_true")
    arguments = parser.parse_args()
    from postgres_server import PostgresServer

    server = PostgresServer()
    try:
        record, optuna_url = server.url(server.create_database()), ""
        start = time.perf_counter()
        seed_record(record, configurations=arguments.configurations)
        seeded_s = time.perf_counter() - start
        rows = ours(record, clients=arguments.clients, requests=arguments.requests)
        if not arguments.without_optuna:
            optuna_url = server.url(server.create_database()).replace("://", "+psycopg://")
            seed_optuna(optuna_url, configurations=arguments.configurations)
            more, rates = theirs(optuna_url)
            rows += more
            check_same(record, rates)
    finally:
        server.close()
    report("api_load", rows=rows, configurations=arguments.configurations, seeded_s=seeded_s)


def check_same(record: str, rates: dict[tuple[int, str], float]) -> None:
    """Both answer the same question with the same numbers."""
    with AuditStore(Database(record)) as store:
        found = store.rates.g1_counts(NAME, by="mixer")
    mine = {(BACKBONES.index(one.backbone), one.value): one.g1 / one.runs for one in found}
    if mine != rates:
        raise RuntimeError(f"the rates differ: {mine} and {rates}")


if __name__ == "__main__":
    main()
