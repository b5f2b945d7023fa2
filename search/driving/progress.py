"""What happens while a study is driven, for whoever watches, and how long the rest will take.

Owns: the events a driver tells its observer, and the ETA. Does not cover: the record
(``storage``) or how events look (``api``).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from search.study.axes import configuration_words
from search.study.method_words import method_words
from storage.new_rows import JITTER_NULL, METHOD_NULL, SEED_NULL, SHAM_NULL, TREATMENT
from storage.records import Run

_RECENT = 50  # runs that the pace is taken from


@dataclass(frozen=True)
class Progress:
    """Where a study stands.

    Args:
        done: Runs that are over, completed or failed, baselines included.
        total: Runs in all, as far as they are known; 0 while the workers are started.
        g1: G1 runs so far.
        scored: Treatment runs with a verdict so far.
        failed: Runs that failed for good.
        running: Runs in flight.
        eta_s: Expected seconds to the end; None before the first run is over.
    """

    done: int
    total: int
    g1: int
    scored: int
    failed: int
    running: int = 0
    eta_s: float | None = None


@dataclass(frozen=True)
class RunNote:
    """One line about a run.

    Args:
        kind: ``started``, ``scored`` (one benchmark), ``finished``, ``failed``, ``retried``.
        run_id: The run.
        title: Host, configuration and seed in a few words.
        text: What happened.
    """

    kind: str
    run_id: str
    title: str
    text: str


def cells_text(run: Run) -> str:
    """A run's cells in a few words: scores, deltas, and what is known of the others."""
    scored = [
        f"{name} {cell.score:.1f}%" + ("" if cell.delta is None else f" ({cell.delta:+.1f})")
        for name, cell in run.cells.items()
    ]
    asked = [(name, cell) for name, cell in run.bounds.items() if cell.n_evaluated]
    bounded = [f"{name} lost ({cell.delta[1]:+.1f} at most)" for name, cell in asked]
    return "  ".join([*scored, *bounded])


def title(
    host: str,
    configuration: Mapping[str, object] | None,
    *,
    seed: int,
    kind: str = TREATMENT,
    method: Mapping[str, object] | None = None,
) -> str:
    """A run in a few words: ``tiny-qwen3 lora-r8 s42  layer 1, T 2, cross_attn, ...``."""
    head = f"{host} s{seed}"
    if kind == SHAM_NULL:
        head = f"{host} sham {seed} of"
    if method is not None:
        null = "null of " if kind == METHOD_NULL else ""
        return f"{head}  {null}{method_words(method)}"
    if kind == JITTER_NULL:
        return f"{host}  jitter {seed}"
    if configuration is None:
        return f"{head}  {'seed null' if kind == SEED_NULL else 'baseline'}"
    return f"{head}  {', '.join(configuration_words(configuration))}"


Observer = Callable[[Progress, RunNote | None], None]


def unobserved(_: Progress, __: RunNote | None) -> None:
    """Watch nothing."""


@dataclass
class Pace:
    """How fast runs end: the ETA is what is left, at the pace of the last 50 runs.

    Runs that were over before this driver began count for nothing.
    """

    workers: int
    clock: Callable[[], float] = time.monotonic
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _started: dict[str, float] = field(default_factory=dict)

    def start(self, run_id: str) -> None:
        """Note that a run went to a worker."""
        self._started[run_id] = self.clock()

    def end(self, run_id: str) -> None:
        """Note that it is over."""
        self._seconds.append(self.clock() - self._started.pop(run_id))

    def drop(self, run_id: str) -> None:
        """Forget a run whose worker died."""
        self._started.pop(run_id, None)

    def eta_s(self, pending: int) -> float | None:
        """Seconds until ``pending`` runs and those in flight are over."""
        if not self._seconds:
            return None
        mean_s = sum(self._seconds) / len(self._seconds)
        spent_s = sum(self.clock() - start for start in self._started.values())
        in_flight_s = max(0.0, mean_s * len(self._started) - spent_s)
        return (mean_s * pending + in_flight_s) / self.workers
