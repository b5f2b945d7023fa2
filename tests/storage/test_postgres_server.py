"""The tests' own Postgres: fresh databases, and nothing left behind."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
from patience import wait_until
from postgres_server import PostgresServer, find_programs

KILLED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from postgres_server import PostgresServer
server = PostgresServer()
print(server.url("postgres"), server.folder, flush=True)
time.sleep(3600)
"""


def test_the_server_is_recent_enough(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.info.server_version >= 150000
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_databases_do_not_share_anything(postgres_server: PostgresServer) -> None:
    names = [postgres_server.create_database() for _ in range(2)]
    with psycopg.connect(postgres_server.url(names[0])) as connection:
        connection.execute("CREATE TABLE mine (x int)")
    with psycopg.connect(postgres_server.url(names[1])) as connection:
        found = connection.execute("SELECT to_regclass('mine')").fetchone()
        postgres_server.drop_database(names[0])
    postgres_server.drop_database(names[1])
    assert found == (None,)


def test_both_programs_lie_side_by_side() -> None:
    folder = find_programs()
    assert (folder / "initdb").is_file()
    assert (folder / "postgres").is_file()


def test_a_closed_server_leaves_no_files() -> None:
    server = PostgresServer()
    folder = server.folder
    assert (folder / "data").is_dir()
    server.close()
    assert not folder.exists()


def test_the_server_of_killed_tests_ends() -> None:
    here = str(Path(__file__).parents[1])
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, here], stdout=subprocess.PIPE, text=True
    )
    url, folder = child.stdout.readline().split()
    pid = int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])
    psycopg.connect(url).close()
    child.send_signal(signal.SIGKILL)
    child.wait()
    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    shutil.rmtree(folder)
