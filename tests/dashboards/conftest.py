"""Fixtures of the pages' tests: one real Chromium, and real servers on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from page_studies import begin, finish, finished
from playwright.sync_api import Browser, Page, expect, sync_playwright

from storage import AuditStore, Run

expect.set_options(timeout=30_000)  # two cores, with other work on them
NO_BROWSER = "these tests need Chromium (chromium or google-chrome on PATH); make browser gets it"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, NO_BROWSER
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


class Tab:
    """A page that remembers what went wrong on it, and whom it asked.

    Attributes:
        page: Playwright's page.
        errors: Errors of the console and of scripts.
        hosts: The hosts that requests went to.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page, self._address = page, address
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if url.startswith(("http", "ws")):
            self.hosts.add(url.split("/")[2])

    def go(self, path: str) -> Page:
        """Go to a path of the service."""
        self.page.goto(self._address + path)
        return self.page


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Opens tabs at an address; each has cookies of its own."""
    contexts = []

    def opened(address: str, *, width: int = 1280, scheme: str = "light") -> Tab:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Tab(context.new_page(), address)

    yield opened
    for context in contexts:
        context.close()


@contextmanager
def serving(folder: Path, *words: str, **environment: str) -> Iterator[str]:
    """``talan serve`` in a folder, on a free port; its address."""
    port = free_port()
    settings = {
        **{key: value for key, value in os.environ.items() if not key.startswith("TALAN_")},
        "TALAN_STORAGE": f"sqlite:///{folder / 'talan.db'}",
        "TALAN_ARTIFACTS": str(folder / "artifacts"),
        "OMP_NUM_THREADS": "1",
        **environment,
    }
    command = [sys.executable, "-m", "api", "serve", "--port", str(port), *words]
    with (folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=settings, stdout=log, stderr=log, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/health/ready", folder / "serve.log")
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(url: str, log: Path, *, timeout_s: float = 60) -> None:
    """Wait until an address answers."""
    until = time.monotonic() + timeout_s
    while not _answers(url):
        assert time.monotonic() < until, f"{url} does not answer:\n{log.read_text()}"
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Recorded:
    """A service over studies recorded by hand.

    Attributes:
        address: Where it answers.
        store: The same record, open here.
        pending: Runs of the study ``going`` that are not over yet.
    """

    def __init__(self, address: str, store: AuditStore, pending: list[Run], artifacts: str) -> None:
        self.address, self.store, self.pending = address, store, pending
        self._artifacts = artifacts

    def finish_one(self) -> Run:
        """Take the next run of ``going`` to its end."""
        run = self.pending.pop(0)
        finish(self.store, run, artifacts=self._artifacts)
        return run


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A service over a finished study ``done``, a smaller one ``again``, and one under way."""
    folder = tmp_path_factory.mktemp("recorded")
    artifacts = str(folder / "artifacts")
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        finished(store, "done", artifacts=artifacts, configurations=30)
        finished(store, "again", artifacts=artifacts, configurations=8)
        pending = begin(store, "going", artifacts=artifacts, configurations=6)
        for _ in range(3):
            finish(store, pending.pop(0), artifacts=artifacts)
        with serving(folder, "--no-scheduler") as address:
            yield Recorded(address, store, pending, artifacts)
