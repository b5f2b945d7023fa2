"""Which runs wait until their baseline is done.

Owns: holding them back, in a study whose runs end as soon as they cannot reach their baseline any
more, or whose distance from it is measured. Anywhere else nothing waits: a run that ends before its
baseline gets its verdict later.
Does not cover: the order of what is due (``search.driving.due_queue``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from storage.matching import match_key
from storage.new_rows import METHOD, TREATMENT
from storage.records import DueRun


class BaselineGate:
    """Runs whose baseline is not done.

    Args:
        done: Hosts and seeds whose baseline is completed; None: no run waits for one.
        kinds: What waits.
    """

    def __init__(
        self,
        done: Iterable[tuple[int, int]] | None = None,
        *,
        kinds: Collection[str] = (TREATMENT, METHOD),
    ) -> None:
        self._done = None if done is None else set(done)
        self._kinds = frozenset(kinds)
        self._held: dict[str, DueRun] = {}

    def __len__(self) -> int:
        return len(self._held)

    def holds(self, run: DueRun) -> bool:
        """Whether a due run has to wait; it is kept then."""
        key = match_key(run)
        if self._done is None or run.kind not in self._kinds or key in self._done:
            return False
        self._held[run.id] = run
        return True

    @property
    def hosts(self) -> set[int]:
        """Hosts with a run that waits."""
        return {run.host for run in self._held.values()}

    def open(self, host: int, *, seed: int) -> list[DueRun]:
        """A baseline is done; the runs that waited for it, in the order in which they came."""
        if self._done is not None:
            self._done.add((host, seed))
        free = [r for r in self._held.values() if match_key(r) == (host, seed)]
        self.drop(run.id for run in free)
        return free

    def drop(self, run_ids: Iterable[str]) -> None:
        """Forget runs that are no longer due."""
        for run_id in run_ids:
            self._held.pop(run_id, None)
