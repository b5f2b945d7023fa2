"""How a study's progress looks, with a terminal and without."""

from __future__ import annotations

import io
import re

import pytest
from patience import wait_until
from rich.console import Console

from api.cli.live import Live, duration
from search.driving.progress import Progress, RunNote

STARTING = Progress(done=0, total=0, g1=0, scored=0, failed=0)
NOTE = RunNote("finished", "r1", "tiny-qwen3 lora-r8 s42  baseline", "tiny_choice 50.0%")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (75, "1 min 15 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (100_000, "27 h 46 min"),
    ],
)
def test_durations_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


class TestWithoutTerminal:
    def lines(self, *told: tuple[Progress, RunNote | None]) -> list[str]:
        console = Console(file=io.StringIO(), width=40)
        with Live(console) as live:
            for progress, note in told:
                live(progress, note)
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue().splitlines()

    def test_nothing_is_said_before_workers_are_started(self) -> None:
        assert self.lines() == []
        assert self.lines((STARTING, None)) == ["starting the workers"]

    def test_a_line_a_run_however_long(self) -> None:
        progress = Progress(done=1, total=5, g1=0, scored=0, failed=0, running=2)
        assert self.lines((progress, NOTE)) == [
            "tiny-qwen3 lora-r8 s42  baseline  tiny_choice 50.0%  [1/5, G1 0/0, measuring]"
        ]

    def test_counts_and_eta(self) -> None:
        progress = Progress(done=4, total=5, g1=2, scored=3, failed=1, eta_s=75.2)
        (line,) = self.lines((progress, NOTE))
        assert line.endswith("  [4/5, G1 2/3, 1 failed, 1 min 15 s left]")

    def test_failures_and_retries_are_marked(self) -> None:
        progress = Progress(done=1, total=2, g1=0, scored=0, failed=1)
        lines = self.lines(
            (progress, RunNote("failed", "r1", "host", "the loss is [nan]")),
            (progress, RunNote("retried", "r1", "host", "the worker died")),
        )
        assert lines[0].startswith("failed: host  the loss is [nan]  [1/2, ")
        assert lines[1].startswith("again: host  the worker died  [1/2, ")

    def test_steps_inside_a_run_are_not_told(self) -> None:
        progress = Progress(done=0, total=2, g1=0, scored=0, failed=0)
        started, scored = RunNote("started", "r", "h", "a"), RunNote("scored", "r", "h", "b")
        assert self.lines((progress, None), (progress, started), (progress, scored)) == []

    def test_nothing_is_coloured(self) -> None:
        progress = Progress(done=1, total=2, g1=0, scored=0, failed=1)
        lines = self.lines((progress, RunNote("failed", "r1", "host", "broken")))
        assert "\x1b" not in "".join(lines)


class TestWithTerminal:
    def test_a_bar_from_before_the_total_is_known_to_the_end(self) -> None:
        console = Console(file=io.StringIO(), force_terminal=True, width=120)
        with Live(console) as live:
            live(STARTING, None)
            wait_until(lambda: "starting the workers" in console.file.getvalue())
            live(Progress(done=0, total=5, g1=0, scored=0, failed=0), None)
            live(Progress(done=4, total=5, g1=2, scored=3, failed=1, eta_s=75), NOTE)
        assert isinstance(console.file, io.StringIO)
        drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())
        assert "starting the workers" in drawn
        assert f"{NOTE.title}  {NOTE.text}" in drawn
        last = [line for line in re.split(r"[\r\n]", drawn) if "runs" in line][-1]
        assert last.startswith("4/5 runs ")
        assert "G1 2/3, 1 failed, 1 min 15 s left" in last

    def test_nothing_is_drawn_before_workers_are_started(self) -> None:
        console = Console(file=io.StringIO(), force_terminal=True)
        with Live(console):
            pass
        assert isinstance(console.file, io.StringIO)
        assert console.file.getvalue() == ""

    def test_the_terminal_is_given_back_after_an_error(self) -> None:
        console = Console(file=io.StringIO(), force_terminal=True)

        def interrupted() -> None:
            with Live(console) as live:
                live(STARTING, None)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert isinstance(console.file, io.StringIO)
        assert console.file.getvalue().endswith("\x1b[?25h")  # the cursor shows again
