"""New events for many listeners at the price of one question.

Owns: asking the record, twice a second and for all listeners together, which of the studies that
they follow have moved. Nothing is asked while nobody listens. Does not cover: reading the events.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.concurrency import run_in_threadpool

from storage import AuditStore, StorageError

State = tuple[str, int]  # a study's state, and its newest event's id
_LOG = logging.getLogger("talan.api")


class Feed:
    """Wakes whoever waits for a study to move.

    Args:
        opened: Gives the store.
        poll_s: How often to ask.
    """

    def __init__(self, opened: Callable[[], AuditStore], *, poll_s: float) -> None:
        self._opened = opened
        self._poll_s = poll_s
        self._listeners: Counter[str] = Counter()
        self._states: dict[str, State] = {}
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    @property
    def num_listeners(self) -> int:
        """How many listen now."""
        return self._listeners.total()

    @asynccontextmanager
    async def listening(self, study: str) -> AsyncIterator[None]:
        """Keep a study among those that are asked for."""
        self._listeners[study] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            yield
        finally:
            self._listeners[study] -= 1
            if not self._listeners[study]:
                del self._listeners[study]
                self._states.pop(study, None)

    async def moved(self, study: str, *, since: int, timeout_s: float) -> State | None:
        """Wait until a study has an event newer than `since` or is over; None: it did neither."""

        def has_moved() -> bool:
            state, newest = self._states.get(study, ("", 0))
            return newest > since or is_over(state)

        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._moved:
                await self._moved.wait_for(has_moved)
                return self._states[study]
        return None

    async def _poll(self) -> None:
        while self._listeners:
            await self._ask()
            await asyncio.sleep(self._poll_s)

    async def _ask(self) -> None:
        studies = list(self._listeners)
        try:
            found = await run_in_threadpool(lambda: self._opened().events.latest(studies))
        except StorageError as error:  # the listeners wait until it is back
            _LOG.warning("event feed: %s", error)
            return
        fresh = {study: found[study] for study in found if study in self._listeners}
        if any(self._states.get(study) != state for study, state in fresh.items()):
            self._states.update(fresh)
            async with self._moved:
                self._moved.notify_all()


def is_over(state: str) -> bool:
    """Whether nothing more will happen to a study unless somebody resumes it."""
    return state in ("stopped", "completed", "failed")
