"""Verdicts, limits and the life of the sandbox, with and without namespaces."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import wait_until

from workers.errors import SandboxError
from workers.sandbox import Limits, Sandbox

# Only what is meant to meet the clock does: a busy machine takes its time over the others.
PATIENT = Limits(wall_s=300, cpu_s=1)
QUICK = Limits(wall_s=1.2, cpu_s=1)
REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", params=[True, False], ids=["namespaces", "fallback"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(PATIENT, namespaces=request.param) as opened:
        yield opened


@pytest.fixture(scope="module", params=[True, False], ids=["namespaces", "fallback"])
def quick_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(QUICK, namespaces=request.param) as opened:
        yield opened


@pytest.mark.parametrize(
    ("program", "reason", "detail"),
    [
        ("def f(a, b):\n    return a + b\nassert f(1, 2) == 3", "passed", ""),
        ("", "passed", ""),
        ("assert 1 == 2, 'one is\\nnot two'", "failed", "AssertionError: one is not two"),
        ("import nothing_of_the_kind", "failed", "ModuleNotFoundError"),
        ("def f(:", "failed", "SyntaxError"),
        ("x = '\ud800'", "failed", "UnicodeEncodeError"),
        ("def f(): return f()\nf()", "failed", "RecursionError"),
        ("input()", "failed", "EOFError"),
        ("import sys\nsys.exit(0)", "failed", "SystemExit: 0"),
        ("raise KeyboardInterrupt", "failed", "KeyboardInterrupt"),
        ("import os\nos._exit(0)", "crashed", "status 0"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", "crashed", "SIGTERM"),
        ("import ctypes\nctypes.string_at(0)", "crashed", "SIGSEGV"),
        ("x = [0] * 10**9", "memory", "MemoryError"),
        ("x = []\nwhile True:\n    x.append(bytes(1 << 20))", "memory", "MemoryError"),
        ("class E(Exception):\n    def __str__(self):\n        1 / 0\nraise E", "failed", "E"),
        ("assert __name__ != '__main__' and set(globals()) == {'__builtins__'}", "passed", ""),
        ("import ssl, sqlite3, csv, decimal, asyncio\nasyncio.run(asyncio.sleep(0))", "passed", ""),
        ("import threading as t\nx = t.Thread(target=int)\nx.start()\nx.join()", "passed", ""),
        ("import os\nos._exit = os.write = print\nassert False", "failed", "AssertionError"),
    ],
)
def test_the_end_of_a_program_is_told(
    sandbox: Sandbox, program: str, reason: str, detail: str
) -> None:
    verdict = sandbox.run(program)
    assert (verdict.reason, verdict.passed) == (reason, reason == "passed")
    assert detail in verdict.detail
    assert "\n" not in verdict.detail
    assert len(verdict.detail) <= 300


@pytest.mark.parametrize(
    ("program", "least_s"),
    [("while True: pass", 0.9), ("import time\ntime.sleep(10**6)", 1.1)],
    ids=["busy", "asleep"],
)
def test_an_endless_program_is_ended(quick_sandbox: Sandbox, program: str, least_s: float) -> None:
    start = time.monotonic()
    verdict = quick_sandbox.run(program)
    assert verdict.reason == "timeout"
    assert least_s <= time.monotonic() - start


def test_a_program_cannot_outlive_its_clock_by_catching_everything(quick_sandbox: Sandbox) -> None:
    program = (
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    )
    assert quick_sandbox.run(program).reason == "timeout"


def test_the_same_program_computes_the_same_every_time() -> None:
    program = (
        "import random\n"
        "things = list({object, None, int, str, 'a', 'b', 'c'}) + [random.random()]\n"
        "raise ValueError(things)"
    )
    with Sandbox() as one, Sandbox() as other:
        details = {one.run(program).detail, one.run(program).detail, other.run(program).detail}
    assert len(details) == 1


def test_endless_output_neither_fails_nor_costs_memory(sandbox: Sandbox) -> None:
    assert sandbox.run("for _ in range(50): print('x' * 10**6)").passed


def test_a_file_is_bounded_and_gone_afterwards(sandbox: Sandbox) -> None:
    assert sandbox.run("open('a', 'w').write('x' * 10**6)").passed
    assert sandbox.run("import os\nassert os.listdir('.') == []").passed
    verdict = sandbox.run("open('a', 'w').write('x' * 2 * 10**6)")
    assert verdict.reason == "failed"
    assert "File too large" in verdict.detail


@pytest.mark.parametrize("namespaces", [True, False])
def test_a_folder_that_resists_is_removed(
    namespaces: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    deep = "import os\nfor _ in range(1100):\n    os.mkdir('d')\n    os.chdir('d')\n"
    locked = "import os\nos.makedirs('a/b')\nos.chmod('a', 0)"
    patient = Limits(wall_s=20)  # removing a thousand folders takes slow disks seconds
    with Sandbox(patient, namespaces=namespaces) as opened:
        assert opened.run(deep).passed
        assert opened.run(locked).passed
        assert opened.run("import os\nassert os.listdir('.') == []").passed
        assert [list(base.iterdir()) for base in tmp_path.iterdir()] in ([], [[]])
    assert list(tmp_path.iterdir()) == []


def test_limits_are_the_callers() -> None:
    with Sandbox(Limits(memory_mib=64)) as opened:
        assert opened.run("x = bytes(100 << 20)").reason == "memory"
    with Sandbox(Limits(wall_s=0.3)) as opened:
        verdict = opened.run("import time\ntime.sleep(1)")
    assert (verdict.reason, verdict.detail) == ("timeout", "still running after 0.3 s")


@pytest.mark.parametrize(
    ("name", "value"),
    [("wall_s", 0), ("wall_s", float("inf")), ("cpu_s", 1.5), ("memory_mib", 8), ("file_mib", "1")],
)
def test_a_senseless_limit_is_refused(name: str, value: object) -> None:
    with pytest.raises(SandboxError, match=f"{name} is {value!r}; allowed:"):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_it_says_what_is_in_use(sandbox: Sandbox) -> None:
    assert {"process", "rlimits"} <= sandbox.isolation
    assert ("mount" in sandbox.isolation) == ("pid" in sandbox.isolation)
    active, missing = sandbox.describe().split("(not in use: ")
    assert ("process namespace" in active) == ("pid" in sandbox.isolation)
    assert ("net" in missing) == ("net" not in sandbox.isolation)


def test_namespaces_can_be_left_out() -> None:
    with Sandbox(namespaces=False) as opened:
        assert not opened.isolation & {"user", "pid", "net", "ipc", "mount"}


def test_a_user_without_rights_gets_the_same_verdicts() -> None:
    """Without CAP_SYS_ADMIN (21) root is as anyone: a user namespace or the fallback."""
    script = (
        "import ctypes\nfrom workers.sandbox import Limits, Sandbox\n"
        "ctypes.CDLL(None).prctl(24, 21, 0, 0, 0)\n"  # takes effect in the interpreter it starts
        "with Sandbox(Limits(wall_s=300, cpu_s=1)) as s:\n"
        "    print(s.run('x = 1').reason, s.run('x').reason, s.run('while 1: pass').reason)\n"
        "    print(s.run('import os\\nos._exit(0)').reason, 'user' in s.isolation, "
        "'mount' in s.isolation)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    *reasons, user, mount = done.stdout.split()
    assert reasons == ["passed", "failed", "timeout", "crashed"]
    assert user == mount


def test_a_closed_sandbox_refuses(sandbox: Sandbox) -> None:
    with Sandbox() as opened:
        opened.run("")
    opened.close()
    with pytest.raises(SandboxError, match="closed"):
        opened.run("")


@pytest.mark.parametrize("namespaces", [True, False])
def test_a_killed_interpreter_is_replaced(namespaces: bool) -> None:
    before = _children(os.getpid())
    with Sandbox(namespaces=namespaces) as opened:
        layers = opened.isolation
        (guardian,) = _children(os.getpid()) - before
        (interpreter,) = _children(guardian)
        os.kill(interpreter, signal.SIGKILL)
        assert opened.run("").passed  # nobody's fault: run again in the next interpreter
        assert opened.isolation == layers
        assert not _alive(guardian)
    assert _children(os.getpid()) == before


def test_a_hung_interpreter_is_given_up_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.sandbox.sandbox._GRACE_S", 0.5)
    before = _children(os.getpid())
    with Sandbox(Limits(wall_s=2)) as opened:
        (guardian,) = _children(os.getpid()) - before
        (interpreter,) = _children(guardian)
        os.kill(interpreter, signal.SIGSTOP)
        assert opened.run("").reason == "timeout"  # stopped, it would never answer
        assert not _alive(interpreter)
        assert opened.run("").passed


@pytest.mark.parametrize("namespaces", [True, False])
def test_nothing_outlives_a_killed_host(namespaces: bool, tmp_path: Path) -> None:
    script = (
        "from workers.sandbox import Limits, Sandbox\n"
        f"s = Sandbox(Limits(wall_s=60, cpu_s=60), namespaces={namespaces})\n"
        "print('ready', flush=True)\ns.run('while True: pass')"
    )
    host = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    assert host.stdout is not None
    assert host.stdout.readline() == b"ready\n"
    # Guardian, interpreter, program.
    family = wait_until(lambda: len(found := _descendants(host.pid)) == 3 and found)
    host.kill()
    host.wait()
    host.stdout.close()
    wait_until(lambda: not any(map(_alive, family)))
    assert list(tmp_path.iterdir()) == []


def _children(pid: int) -> set[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parent = entry.read_text().rpartition(")")[2].split()[1]
            found |= {int(entry.parent.name)} if int(parent) == pid else set()
    return found


def _descendants(pid: int) -> set[int]:
    found = _children(pid)
    return found.union(*map(_descendants, found))


def _alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
