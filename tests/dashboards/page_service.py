"""What the pages' tests work with: ``talan serve`` on loopback, tabs that note what goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from free_ports import free_port
from page_studies import finish
from patience import STILL_S, wait_until
from playwright.sync_api import Page, expect

from storage import AuditStore, Run

# What a page shows of a record that is there; what takes long is waited for on the record first.
NET_MS = 120_000
expect.set_options(timeout=NET_MS)
# Where nothing is launched, nothing is loaded for a launch: it takes longer than the pages do.
_SHOW = """
from api.cli import main
from api.rest import server
server.warm_up = lambda: None
main()
"""
_READY = "html[data-ready], html:has(body):not(:has(script[type=module]))"


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
        """Go to a path of the service, and wait until its scripts listen."""
        self.page.goto(self._address + path)
        wait_until_ready(self.page)
        return self.page


OpenTab = Callable[..., Tab]


def wait_until_ready(page: Page) -> None:
    """Wait until a page's scripts listen."""
    page.locator(_READY).wait_for(state="attached")


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
    program = ["-c", _SHOW] if "--no-scheduler" in words else ["-m", "api"]
    command = [sys.executable, *program, "serve", "--port", str(port), *words]
    with (folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=settings, stdout=log, stderr=log, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/health/ready", process, log=folder / "serve.log")
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        wait_until(lambda: process.poll() is not None, why=(folder / "serve.log").read_text)


def wait_for(url: str, process: subprocess.Popen[bytes], *, log: Path) -> None:
    """Wait until a server answers, as long as its process lives."""

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        return _answers(url)

    wait_until(answers, why=log.read_text)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=STILL_S).close()
    except OSError:
        return False
    return True


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
