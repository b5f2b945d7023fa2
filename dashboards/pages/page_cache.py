"""Values that are costly to make, kept for whoever asks next.

Owns: a small cache that threads may share. Does not cover: when a value is no longer true; that is
said by its place, which names the moment that it is of.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from storage import AuditStore

T = TypeVar("T")
Moment = tuple[str, str, int]  # a study, its state, its newest event


class Kept(Generic[T]):
    """The last values that were asked for, by place."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, place: Hashable, make: Callable[[], T]) -> T:
        """What is kept there, else what is made; the one asked for longest ago leaves."""
        with self._lock:
            if place in self._values:
                self._values.move_to_end(place)
                return self._values[place]
        value = make()
        with self._lock:
            self._values[place] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value


def moment_of(store: AuditStore, study: str) -> Moment:
    """What tells one state of a study from another.

    Raises:
        StudyNotFound: There is no such study.
    """
    found = store.events.latest([study])
    if study not in found:
        store.studies.get(study)  # raises, with a sentence
    return (study, *found[study])
