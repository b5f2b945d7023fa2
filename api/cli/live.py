"""A study's progress in a terminal: a bar with an ETA, or one line a run where there is no screen.

Owns: how progress looks. Does not cover: what happens (``search.driving.progress``).
"""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from search.driving.progress import Progress, RunNote

_STARTING = "starting the workers"


class Live:
    """An observer that draws; use as a context manager.

    Args:
        console: Where to draw; a bar if it is a terminal, plain lines if not.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        if console.is_terminal:
            self._bar = Bar(
                TextColumn("{task.fields[runs]}"),
                BarColumn(bar_width=None),
                TextColumn("{task.fields[tail]}"),
                TimeElapsedColumn(),
                console=console,
            )

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, progress: Progress, note: RunNote | None) -> None:
        """Show where the study stands, and the run that moved it."""
        if progress.total == 0:
            self._start()
            return
        if note and note.kind in ("finished", "failed", "retried"):
            mark = {"finished": "", "failed": "failed: ", "retried": "again: "}[note.kind]
            tail = "" if self._bar else f"  [{progress.done}/{progress.total}, {_tail(progress)}]"
            style = "red" if note.kind == "failed" else None
            self._console.print(
                f"{mark}{note.title}  {note.text}{tail}",
                style=style,
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
        if self._bar and self._task is not None:
            self._bar.update(
                self._task,
                total=progress.total,
                completed=progress.done,
                runs=f"{progress.done}/{progress.total} runs",
                tail=_tail(progress),
            )

    def _start(self) -> None:
        if self._bar:
            self._bar.start()
            self._task = self._bar.add_task("study", total=None, runs="", tail=_STARTING)
        else:
            self._console.print(_STARTING)


def duration(seconds: float) -> str:
    """Seconds as people say them: ``45 s``, ``3 min 20 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _tail(progress: Progress) -> str:
    eta = "measuring" if progress.eta_s is None else f"{duration(progress.eta_s)} left"
    failed = f", {progress.failed} failed" if progress.failed else ""
    return f"G1 {progress.g1}/{progress.scored}{failed}, {eta}"
