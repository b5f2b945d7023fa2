"""Garbage collection that does not walk, again and again, what was imported to stay.

Owns: freezing the heap before a test, and again after somebody unfroze it. Does not cover: when the
program itself freezes its heap (``workers.run.process``).

Among 5,000 modules a collection takes half a second, and each training asks for one. An executor
that gives its backbone back unfreezes all there is, so that the next one's collection walks all of
it. Tests' backbones are small: they may wait until several are given back.
"""

from __future__ import annotations

import gc

import pytest


class KeptHeap:
    """What this process keeps; until the first test nothing is collected."""

    _UNFROZEN_EVERY = 10  # times that it is asked for

    def __init__(self) -> None:
        self._unfreeze, self._is_frozen, self._asked = gc.unfreeze, False, 0
        pytest.MonkeyPatch().setattr(gc, "unfreeze", self._unfreeze_at_times)
        # Nothing that is imported is garbage: to look for some takes a quarter of the time.
        gc.disable()

    def keep(self) -> None:
        """Collect garbage from here on, and spare what is alive now."""
        gc.enable()
        if not self._is_frozen:
            gc.collect()
            gc.freeze()
            self._is_frozen = True

    def _unfreeze_at_times(self) -> None:
        self._asked += 1
        if self._asked % self._UNFROZEN_EVERY == 0:
            self._unfreeze()
            self._is_frozen = False
