"""What generated programs try, by accident or design, and must not get."""

import errno
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from workers.sandbox import Limits, Sandbox

PATIENT = Limits(wall_s=300, cpu_s=1)  # no test here is about the clock but the fork bomb's
SECRET = "a-token-that-must-not-be-seen"
PROCESSES = 8
REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", params=[True, False], ids=["namespaces", "fallback"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    os.environ["TALAN_TEST_SECRET"] = SECRET
    with Sandbox(PATIENT, namespaces=request.param) as opened:
        yield opened
    del os.environ["TALAN_TEST_SECRET"]


@pytest.fixture(scope="module", params=[True, False], ids=["namespaces", "fallback"])
def forking(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    limits = replace(PATIENT, max_processes=PROCESSES)
    with Sandbox(limits, namespaces=request.param) as opened:
        yield opened


@pytest.fixture
def others() -> set[int]:
    """What other tests keep running below this process: a browser, a Ray."""
    return _deep()


@pytest.mark.parametrize(
    "program",
    [
        "print('passed')",
        "import os, sys\nfor f in range(64):\n    try: os.write(f, b'passed\\n')\n"
        "    except OSError: pass\nos._exit(0)",
        "import os\nfor f in range(3, 64):\n    try: os.write(f, b'x' * 16 + b'passed\\n')\n"
        "    except OSError: pass",
        "import os\nos.closerange(0, 256)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "import sys\nsys.exit()",
        "import atexit, os\natexit.register(os._exit, 0)\nraise SystemExit(0)",
        "import inside",
        "import __main__\n__main__.child",
        "import threading, os, time\nthreading.Thread(target=lambda: os._exit(0)).start()\n"
        "time.sleep(0.5)",
    ],
)
def test_only_reaching_the_end_is_a_pass(sandbox: Sandbox, program: str) -> None:
    assert not sandbox.run(program + "\nassert False").passed
    if "exit" in program or "close" in program or "x' * 16" in program:
        assert not sandbox.run(program).passed


def test_no_secret_is_inherited(sandbox: Sandbox) -> None:
    program = (
        "import os, pathlib\n"
        f"assert {SECRET[:8]!r} + {SECRET[8:]!r} not in str(os.environ)\n"
        "assert set(os.environ) == {'HOME', 'TMPDIR', 'PATH', 'TZ'}\n"
        f"for name in ['self', 'thread-self', '1', {str(os.getpid())!r}, str(os.getppid())]:\n"
        "    for file in 'environ', 'mem', 'maps', 'cwd', 'root/etc/passwd':\n"
        "        try:\n"
        "            with open(f'/proc/{name}/{file}', 'rb') as f: found = f.read(1 << 16)\n"
        "        except OSError: continue\n"
        "        assert b'must-not-be' not in found and name not in ('1', str(os.getppid()))\n"
    )
    verdict = sandbox.run(program)
    assert verdict.passed, verdict.detail


def test_no_descriptor_is_inherited(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    with secret.open() as opened, Sandbox(namespaces="mount" in sandbox.isolation) as late:
        os.set_inheritable(opened.fileno(), True)
        program = (
            "import os, stat\n"
            "for f in range(3, 64):\n"
            "    try: kind = os.fstat(f).st_mode\n"
            "    except OSError: continue\n"
            "    assert stat.S_ISFIFO(kind) or stat.S_ISDIR(kind), (f, oct(kind))\n"
            "for f in range(64, 1024):\n"
            "    try: os.fstat(f)\n"
            "    except OSError: continue\n"
            "    assert False, f"
        )
        verdict = late.run(program)
    assert verdict.passed, verdict.detail


def test_many_open_files_of_the_host_leave_no_descriptor_behind() -> None:
    opened = [os.dup(0) for _ in range(200)]
    try:
        with Sandbox() as late:
            found = late.run(
                "import os\nfound = []\n"
                "for f in range(3, 1024):\n"
                "    try: os.fstat(f); found.append(f)\n"
                "    except OSError: pass\n"
                "raise ValueError(len(found))"
            )
    finally:
        for descriptor in opened:
            os.close(descriptor)
    assert found.detail in {"ValueError: 1", "ValueError: 3"}  # the report, two library folders


def test_no_network(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        listener.accept()[0].close()
        verdict = sandbox.run(
            f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=0.5)"
        )
        assert verdict.reason == "failed"
        assert "Error" in verdict.detail
        with pytest.raises(TimeoutError):
            listener.accept()


def test_the_namespaces_hold_without_the_filter() -> None:
    """Entered alone: the listener is out of reach, and process 1 is the first child."""
    with socket.create_server(("127.0.0.1", 0)) as listener, Sandbox() as opened:
        script = (
            "import os, socket\nfrom workers.sandbox.inside import namespaces\n"
            "try: layers = namespaces.leave()\n"
            "except OSError: print('denied'); raise SystemExit\n"
            "if os.fork() == 0:\n"
            f"    try: socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}))\n"
            "    except OSError as e: print(sorted(layers - {'user'}), os.getpid(), e.errno)\n"
            "else: os.wait()"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        expected = f"['ipc', 'mount', 'net', 'pid'] 1 {errno.ENETUNREACH}\n"
        assert done.stdout == (expected if "net" in opened.isolation else "denied\n")


def test_nothing_is_written_or_read_outside(sandbox: Sandbox) -> None:
    held = bool({"mount", "landlock"} & sandbox.isolation)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "theirs").write_text("before")
        (folder / "theirs").chmod(0o666)
        write = f"open({name!r} + '/theirs', 'w').write('after')"
        read = f"assert open({name!r} + '/theirs').read()"
        create = f"open({name!r} + '/new', 'w')"
        passed = [sandbox.run(program).passed for program in (read, write, create)]
        assert passed == [not held] * 3
        assert ((folder / "theirs").read_text() == "before") == held


@pytest.mark.parametrize("folder", [Path.home(), Path(__file__).parent, Path("/etc")])
def test_the_home_the_repository_and_the_system_cannot_be_changed(
    sandbox: Sandbox, folder: Path
) -> None:
    file = folder / "talan-sandbox-test"
    try:
        assert not sandbox.run(f"open({str(file)!r}, 'w')").passed
        assert not file.exists()
    finally:
        file.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "program",
    [
        "import os\nos.kill(os.getppid(), 9)",
        "import os\nos.kill(-1, 9)",
        "import os\nos.kill(0, 9)",
        "import os\nos.kill(THE_TESTS, 9)",
        "import os, signal\nos.kill(1, signal.SIGINT)",
        "import os\nos.setsid()",
        "import os\nos.setuid(0)",
        "import resource as r\nr.setrlimit(r.RLIMIT_AS, (-1, -1))",
        "import os\nos.fork()",
        "import subprocess\nsubprocess.run(['true'])",
        "import ctypes\nassert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0",
        "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0",
        "import ctypes\nassert ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0",
        "import ctypes\nassert ctypes.CDLL(None).shmget(0, 4096, 0o1777) >= 0",
        "import socket\nsocket.socket(socket.AF_UNIX)",
    ],
)
def test_reaching_for_more_fails_and_the_next_program_runs(sandbox: Sandbox, program: str) -> None:
    program = program.replace("THE_TESTS", str(os.getpid()))
    assert sandbox.run(program).reason in {"failed", "crashed"}
    assert sandbox.run("").passed


def test_the_folder_as_a_whole_is_bounded() -> None:
    program = "for i in range(40):\n    open(str(i), 'w').write('x' * 10**6)"
    with Sandbox() as opened:
        verdict = opened.run(program)
        if "mount" in opened.isolation:
            assert "No space left" in verdict.detail
        assert opened.run("open('a', 'w').write('x' * 10**6)").passed


@pytest.mark.parametrize("namespaces", [True, False])
def test_a_fork_bomb_is_bounded_and_leaves_nothing(namespaces: bool, others: set[int]) -> None:
    bomb = "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)"
    limits = Limits(wall_s=1.5, cpu_s=1, max_processes=PROCESSES)
    with Sandbox(limits, namespaces=namespaces) as opened:
        assert opened.run(bomb).reason == "timeout"
        assert opened.run("").passed
        _assert_no_program_is_left(others)


def test_processes_are_counted(forking: Sandbox, others: set[int]) -> None:
    program = (
        "import os, time\nn = 1\n"
        "try:\n"
        "    while n < 100:\n"
        "        if os.fork() == 0: os.closerange(0, 64); time.sleep(60)\n"
        "        n += 1\n"
        "except OSError: pass\n"
        "raise ValueError(n)"
    )
    verdict = forking.run(program)
    assert verdict.reason == "failed"
    assert int(verdict.detail.split()[-1]) <= PROCESSES
    _assert_no_program_is_left(others)


def test_a_forked_process_cannot_pass_for_its_parent(forking: Sandbox) -> None:
    assert not forking.run("import os\nif os.fork(): os._exit(0)").passed
    assert not forking.run("import os\nif os.fork() == 0: os._exit(0)\nassert False").passed


def test_what_a_program_leaves_running_dies_with_it(forking: Sandbox, others: set[int]) -> None:
    daemon = (
        "import os, time\nif os.fork() == 0:\n    if os.fork() == 0:\n"
        "        os.closerange(0, 64)\n        time.sleep(60)\n    os._exit(0)\nos.wait()"
    )
    assert forking.run(daemon).reason in {"passed", "failed"}
    _assert_no_program_is_left(others)


def _assert_no_program_is_left(others: set[int]) -> None:
    """Below this process there are guardians and interpreters only (two levels), and others."""
    assert sorted(_deep() - others) == []


def _deep() -> set[int]:
    """Living processes more than two levels below this one."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            parents[int(entry.parent.name)] = int(parent)
    return {pid for pid in parents if _depth(pid, parents) > 2}


def _depth(pid: int, parents: dict[int, int]) -> int:
    depth = 0
    while pid in parents and pid != os.getpid():
        pid, depth = parents[pid], depth + 1
    return depth if pid == os.getpid() else 0
