"""The runs that are due, in order, and which of them a worker had best take next.

Owns: the order. A worker prefers runs of the backbone it holds warm; within a backbone, baselines
come before what is matched with them, then the plan's order. Does not cover: what is due, which
the record says (``storage``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from storage.new_rows import BASELINE
from storage.records import DueRun


class DueQueue:
    """Due runs by backbone.

    Args:
        backbones: The backbone of each host, by the host's index.
        runs: What is due.
    """

    def __init__(self, backbones: Mapping[int, str], runs: Iterable[DueRun] = ()) -> None:
        self._backbones = backbones
        self._lanes: dict[str, deque[DueRun]] = {name: deque() for name in backbones.values()}
        for run in sorted(runs, key=lambda run: (run.kind != BASELINE, run.position)):
            self._lanes[backbones[run.host]].append(run)

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    def take(self, *, warm: str | None) -> DueRun | None:
        """The next run for a worker that holds a backbone warm; None when nothing is due."""
        own = self._lanes.get(warm or "")
        lane = own or max(self._lanes.values(), key=len)
        return lane.popleft() if lane else None

    def put(self, run: DueRun) -> None:
        """Add a run that just became due."""
        self._lanes[self._backbones[run.host]].append(run)

    def put_back(self, run: DueRun) -> None:
        """Return a run whose worker died: it goes first."""
        self._lanes[self._backbones[run.host]].appendleft(run)

    def drop(self, run_ids: Iterable[str]) -> None:
        """Forget runs that are no longer due."""
        gone = set(run_ids)
        for name, lane in self._lanes.items():
            self._lanes[name] = deque(run for run in lane if run.id not in gone)
