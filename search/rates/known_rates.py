"""Rows of G1 rates and worths of champions, computed once for every state of a host's runs.

Owns: remembering them: tests read outcomes item by item, which takes longer than counting all runs,
and change only when another run of the host gets its verdict. May be shared by threads.
Does not cover: the rows (``search.rates.g1_rates``, ``search.rates.champion_worth``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any


class KnownRates:
    """Rows by host and axis, or study, each with the counts that it was computed at."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[object, list[object]]] = {}

    def of(self, key: Hashable, state: Any, compute: Callable[[], list[Any]]) -> list[Any]:
        """The rows of a key, computed unless they are known at this state.

        Args:
            key: What they are of: host, axis, and whether tests are wanted; or a study.
            state: The host's counts; other counts make the rows out of date.
            compute: What to do otherwise.
        """
        known = self._known.get(key)
        if known is None or known[0] != state:
            known = (state, compute())
            self._known[key] = known
        return known[1]
