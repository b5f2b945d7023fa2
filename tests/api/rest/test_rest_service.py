"""A real server: events as they happen, the token, limits, and where it may listen."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from free_ports import free_port
from patience import wait_until
from rest_record import OWNER, client, finish, seed

from api.errors import ServeError, SettingsError
from api.rest import Settings
from api.rest.rate_limits import TokenBucket
from api.rest.server import check_binding
from storage import AuditStore, RunFilter

WEB = httpx2.Client(timeout=None)  # a busy machine takes its time
ROOT = Path(__file__).resolve().parents[3]
SERVE = """
import sys
from api.rest import server
server.warm_up = lambda: None  # nothing is launched
port, url, artifacts = sys.argv[1:]
server.run_api(host="127.0.0.1", port=int(port), storage_url=url, artifact_url=artifacts)
"""


@contextmanager
def served(url: str, folder: Path, **environment: str) -> Iterator[str]:
    """The API as a process of its own on a free port."""
    port = free_port()
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TALAN_")}
    command = [sys.executable, "-c", SERVE, str(port), url, str(folder / "artifacts")]
    process = subprocess.Popen(command, cwd=ROOT, env={**clean, **environment})
    try:
        _wait(f"http://127.0.0.1:{port}/health/live", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        assert process.poll() is None
        try:
            WEB.get(address)
        except httpx2.TransportError:
            return False
        return True

    wait_until(answers)


def _events(response: httpx2.Response) -> Iterator[dict[str, str]]:
    """The events of a stream, as a browser reads them."""
    event: dict[str, str] = {}
    for line in response.iter_lines():
        if not line and "data" in event:
            yield event
        event = {} if not line else event
        name, _, value = line.partition(": ")
        if name in ("event", "data", "id"):
            event[name] = value


def _follow(api: str, *, after: str | None = None, name: str = "grid") -> Iterator[dict[str, str]]:
    headers = {"Last-Event-ID": after} if after else {}
    address = f"{api}/api/v1/studies/{name}/events"
    with WEB.stream("GET", address, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield from _events(response)


def test_events_are_told_as_they_happen_to_the_end(storage_url: str, tmp_path: Path) -> None:
    seed(storage_url, tmp_path)
    artifacts = str(tmp_path / "artifacts")
    with AuditStore.open(storage_url) as store, served(storage_url, tmp_path) as api:
        store.leases.acquire("grid", owner=OWNER, ttl_s=60)
        store.studies.set_state("grid", "running", owner=OWNER)
        told: list[list[dict[str, str]]] = [[], []]

        def listen(place: int) -> None:
            for event in _follow(api):
                told[place].append(event)

        listeners = [threading.Thread(target=listen, args=(place,)) for place in range(2)]
        for listener in listeners:
            listener.start()
        past = len(store.events.after("grid"))
        wait_until(lambda: [len(one) for one in told] == [past, past])
        # The past is told, and nothing ends while the study runs.
        assert all(listener.is_alive() for listener in listeners)
        (run,) = list(store.runs.iterate("grid", RunFilter(state="pending")))[:1]
        finish(store, run, 11, 12, artifacts=artifacts)
        store.leases.release("grid", owner=OWNER, state="completed")
        for listener in listeners:
            listener.join()
        expected = store.events.after("grid")
        assert told[0] == told[1]
        assert [(event["event"], event["id"]) for event in told[0]] == [
            (event.kind, str(event.id)) for event in expected
        ]
        assert [event["event"] for event in told[0]][-5:] == [
            "run_started",
            "cell_scored",
            "cell_scored",
            "run_finished",
            "study_finished",
        ]
        cell = json.loads(told[0][-4]["data"])
        assert (cell["study"], cell["run"], cell["benchmark"]) == ("grid", run.id, "a")
        assert (cell["score"], cell["delta"]) == (55.0, 5.0)
        _resumes_where_it_stopped(api, told[0])


def _resumes_where_it_stopped(api: str, told: list[dict[str, str]]) -> None:
    assert list(_follow(api, after=told[2]["id"])) == told[3:]
    over = WEB.get(f"{api}/api/v1/studies/grid/events", headers={"Last-Event-ID": told[-1]["id"]})
    assert over.status_code == 204  # tells a browser not to come again
    wrong = WEB.get(f"{api}/api/v1/studies/grid/events", headers={"Last-Event-ID": "x"})
    assert wrong.status_code == 422
    assert "header.last-event-id" in wrong.json()["detail"]


def test_a_token_is_asked_of_everything_but_health(sqlite_url: str, tmp_path: Path) -> None:
    seed(sqlite_url, tmp_path)
    token = "a-long-secret-ß"
    with served(sqlite_url, tmp_path, TALAN_API_TOKEN=token) as api:
        for path in ("/health/live", "/api/v1/health/ready"):
            assert WEB.get(api + path).status_code == 200
        closed = ("/api/v1/studies", "/api/v1/metrics", "/metrics", "/docs", "/openapi.json", "/no")
        for path in closed:
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": token}):
                raw = {name: value.encode() for name, value in headers.items()}
                refused = WEB.get(api + path, headers=raw)
                assert refused.status_code == 401, path
                assert refused.headers["www-authenticate"].startswith("Bearer")
                assert refused.headers["content-type"] == "application/problem+json"
                assert token not in refused.text
        opened = {"Authorization": f"Bearer {token}".encode()}
        for path in closed[:-1]:
            assert WEB.get(api + path, headers=opened).status_code == 200, path


def test_large_bodies_are_refused_early(sqlite_url: str, tmp_path: Path) -> None:
    with served(sqlite_url, tmp_path) as api:
        address, headers = f"{api}/api/v1/studies", {"content-type": "application/json"}

        def endless() -> Iterator[bytes]:
            yield from (b"[" + b" " * 65_535 for _ in range(100))

        for content in (b" " * 300_000, endless()):
            try:
                status = WEB.post(address, content=content, headers=headers).status_code
            except httpx2.WriteError:  # the server hung up before all was sent
                status = 413
            assert status == 413
        with socket.create_connection(("127.0.0.1", int(api.rpartition(":")[2]))) as raw:
            raw.sendall(
                b"POST /api/v1/studies HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\nContent-Length: 999999999\r\n\r\n"
            )
            answer = b"".join(iter(lambda: raw.recv(65_536), b""))  # nothing of the body was sent
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"allowed: up to 262144 bytes" in answer


def test_other_sites_and_hosts_are_refused_without_a_token(sqlite_url: str, tmp_path: Path) -> None:
    seed(sqlite_url, tmp_path)
    with served(sqlite_url, tmp_path) as api:
        stop = f"{api}/api/v1/studies/grid/stop"
        foreign = WEB.post(stop, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.json()["type"] == "urn:talan:problem:cross-site"
        assert WEB.post(stop, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 202
        rebound = WEB.get(f"{api}/api/v1/studies", headers={"Host": "evil.example:8000"})
        assert rebound.status_code == 421
        assert "'evil.example' is not served here" in rebound.json()["detail"]
        assert WEB.get(f"{api}/health/live", headers={"Host": "10.1.2.3"}).status_code == 200


def test_every_answer_has_the_security_headers(sqlite_url: str, tmp_path: Path) -> None:
    api = client(sqlite_url, tmp_path)
    for path in ("/api/v1/studies", "/nothing", "/docs", "/api/v1/studies/%00"):
        headers = api.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "script-src" not in api.get("/docs").headers["content-security-policy"]
    assert "http://" not in api.get("/docs").text.replace("http://json-schema", "")


def test_addresses_with_nul_never_reach_the_database(storage_url: str, tmp_path: Path) -> None:
    api = client(storage_url, tmp_path)
    for path in ("/api/v1/studies/a%00b", "/api/v1/g1-rates?backbone=%00", "/api/v1/runs/%00"):
        answer = api.get(path)
        assert answer.status_code == 422
        assert "NUL" in answer.json()["detail"]


def test_a_public_address_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALAN_API_TOKEN", raising=False)
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        check_binding(host)
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(ServeError, match=f"host '{host}' .* TALAN_API_TOKEN is not set"):
            check_binding(host)
    with pytest.raises(ServeError, match="not an address of this machine"):
        check_binding("no such host")
    monkeypatch.setenv("TALAN_API_TOKEN", "secret")
    check_binding("0.0.0.0")


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    settings = Settings.from_environment(
        {
            "TALAN_API_TOKEN": "secret",
            "TALAN_ALLOWED_BACKBONES": "org/one, org/two",
            "TALAN_BACKBONE_ROOTS": str(root),
            "TALAN_LAUNCHES_PER_MINUTE": "7",
            "TALAN_ARTIFACTS": "s3://bucket/x",
        }
    )
    assert settings.token == "secret"
    assert settings.allowed_backbones == ("org/one", "org/two")
    assert settings.backbone_roots == (root,)
    assert settings.launches_per_minute == 7
    assert settings.max_runs_per_study == 100_000
    assert settings.artifact_url == "s3://bucket/x"
    with pytest.raises(SettingsError, match="TALAN_LAUNCHES_PER_MINUTE: '0' is not allowed"):
        Settings.from_environment({"TALAN_LAUNCHES_PER_MINUTE": "0"})
    with pytest.raises(SettingsError, match="'relative' is not allowed; allowed: absolute"):
        Settings.from_environment({"TALAN_BACKBONE_ROOTS": "relative"})


def test_a_token_bucket_refills() -> None:
    now = 0.0
    bucket = TokenBucket(2, clock=lambda: now)
    assert [bucket.take(), bucket.take()] == [0.0, 0.0]
    assert bucket.take() == 30.0
    now = 30.0
    assert [bucket.take(), bucket.take()] == [0.0, 30.0]
    now = 1e6
    assert [bucket.take(), bucket.take(), bucket.take()] == [0.0, 0.0, 30.0]


def test_metrics_count_the_record(storage_url: str, tmp_path: Path) -> None:
    seed(storage_url, tmp_path, hosts=2)
    seed(storage_url, tmp_path, name="other")
    with AuditStore.open(storage_url) as store:
        store.studies.set_state("other", "queued")
        store.leases.acquire("grid", owner=OWNER, ttl_s=60)
        store.studies.set_state("grid", "running", owner=OWNER)
        run = next(store.runs.iterate("grid", RunFilter(state="pending")))
        store.dispatch.start(run.id, owner=OWNER, worker="worker-0")
    answer = client(storage_url, tmp_path).get("/api/v1/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    for line in (
        'talan_studies{state="queued"} 1.0',
        'talan_studies{state="running"} 1.0',
        'talan_runs{kind="treatment",state="completed"} 9.0',
        'talan_runs{kind="treatment",state="failed"} 3.0',
        'talan_runs{kind="baseline",state="completed"} 3.0',
        "talan_cells 24.0",
        "talan_g1_runs 6.0",
        "talan_queue_studies 1.0",
        "talan_queue_runs 5.0",
        "talan_workers 4.0",
        "talan_worker_utilisation 0.25",
        'talan_run_seconds_bucket{le="10.0"} 0.0',
        'talan_run_seconds_bucket{le="20.0"} 12.0',
        "talan_run_seconds_count 12.0",
        "talan_run_seconds_sum 150.0",
    ):
        assert line in lines
    assert "grid" not in answer.text


def test_get_calls_need_no_torch(tmp_path: Path) -> None:
    code = """
import sys
from fastapi.testclient import TestClient
from api.rest import Settings, create_app
app = create_app(sys.argv[1], Settings(artifact_url="artifacts"))
api = TestClient(app)
for path in ("studies", "g1-rates", "champions", "metrics", "health/ready"):
    assert api.get("/api/v1/" + path).status_code == 200, path
assert api.get("/docs").status_code == 200
heavy = {"torch", "ray", "sklearn", "transformers"} & set(sys.modules)
assert not heavy, heavy
"""
    url = f"sqlite:///{tmp_path / 'talan.db'}"
    subprocess.run([sys.executable, "-c", code, url], cwd=ROOT, check=True)
