"""Verdicts depend on processor time: a machine that stands still makes no right answer wrong."""

import contextlib
import signal
import subprocess
import sys
import time

import pytest

from workers.errors import SuiteError
from workers.suites.scoring import algebra
from workers.suites.scoring.algebra import score_algebra
from workers.suites.scoring.processor_time import OutOfTimeError, processor_time
from workers.suites.scoring.programs import close_sandbox, score_program

# Comparing these two takes about a second of processor time.
HARD = """
import sympy
from workers.suites.scoring.algebra import score_algebra
x, y, z = sympy.symbols("x y z")
response = rf"\\boxed{{{sympy.latex(sympy.expand((x + y + z) ** 10))}}}"
print("ready", flush=True)
print(score_algebra(response, {"target": r"\\boxed{(x+y+z)^{10}}"}))
"""


def test_a_right_answer_stays_right_while_the_process_stands_still():
    child = subprocess.Popen([sys.executable, "-c", HARD], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    for _ in range(2):  # each longer than math_verify's own five seconds by the clock
        time.sleep(0.1)
        child.send_signal(signal.SIGSTOP)
        time.sleep(5.5)
        child.send_signal(signal.SIGCONT)

    assert "is_correct=True, timed_out=False" in child.communicate()[0]


def _turn_for(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_work_is_stopped_by_its_own_time():
    with pytest.raises(OutOfTimeError), processor_time(0.3):
        _turn_for(30)
    with processor_time(0.3):
        time.sleep(0.6)
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def _catch_everything() -> None:
    while True:
        with contextlib.suppress(Exception):
            _turn_for(30)


def test_what_catches_every_exception_is_stopped_too():
    with pytest.raises(OutOfTimeError), processor_time(0.3):
        _catch_everything()


def test_a_comparison_without_end_is_tried_twice_and_said_to_have_timed_out(
    monkeypatch: pytest.MonkeyPatch,
):
    tries = []

    def endless(*_pair: object, **_options: object) -> bool:
        tries.append(1)
        _turn_for(30)
        return True

    monkeypatch.setattr(algebra, "LIMIT_S", 0.1)
    monkeypatch.setattr(algebra, "verify", endless)
    scored = score_algebra("\\boxed{8}", {"target": "\\boxed{31}"})

    assert (scored.is_correct, scored.timed_out, scored.extracted) == (False, True, "8")
    assert len(tries) == 2 * 4  # an expression and its text on either side


def test_a_second_try_that_has_time_counts(monkeypatch: pytest.MonkeyPatch):
    tries = []

    def slow_at_first(*_pair: object, **_options: object) -> bool:
        tries.append(1)
        if len(tries) <= 4:
            _turn_for(30)
        return True

    monkeypatch.setattr(algebra, "LIMIT_S", 0.1)
    monkeypatch.setattr(algebra, "verify", slow_at_first)
    scored = score_algebra("\\boxed{9}", {"target": "\\boxed{31}"})

    assert (scored.is_correct, scored.timed_out) == (True, False)


BUSY = "import time\ndef f():\n    while time.process_time() < 1.6:\n        pass\n    return 1"
ITEM = {"tests": ["assert f() == 1"]}


def test_a_programs_processor_time_is_a_setting():
    short, long = (score_program(BUSY, ITEM, cpu_s=cpu_s) for cpu_s in (1, 4))
    close_sandbox()

    assert (short.is_correct, short.timed_out) == (False, True)
    assert (long.is_correct, long.timed_out) == (True, False)


def test_no_thread_but_the_main_one_can_be_stopped():
    import threading

    caught: list[str] = []

    def run() -> None:
        try:
            with processor_time(1):
                pass
        except SuiteError as error:
            caught.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert caught == ["Algebra can only be scored in a process's main thread"]
