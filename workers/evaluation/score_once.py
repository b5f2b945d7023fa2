"""Scoring a response once: the same words to the same item have the verdict they had before.

Owns: which scorers are asked once (those that run programs or compare algebra; the others cost
less than looking a verdict up), and what a verdict's name is made of: the scorers' code, the item
and the response. A treatment's answers are mostly its baseline's, and a scorer that says one thing
now and another later can then make no delta.
Does not cover: where verdicts are kept (`storage.scores`).
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from storage.scores import ScoreStore
from workers.suites.benchmark import ALGEBRA, CODE
from workers.suites.scoring.source import scorers_hash

ASKED_ONCE = (ALGEBRA, CODE)
_MOST_IN_MEMORY = 100_000

Process = Callable[[Mapping[str, Any], Sequence[str]], dict[str, float]]


class ScoreOnce:
    """Verdicts known to this process, and beside an artifact store to others.

    Args:
        url: The artifact store's.
    """

    def __init__(self, url: str) -> None:
        self._store = ScoreStore(url)
        self._known: dict[str, dict[str, float]] = {}

    def wrap(self, task: Any, *, settings: str) -> None:
        """Let a loaded harness task score each response once.

        Args:
            task: Its kind decides whether it is worth it.
            settings: What the verdict depends on besides code, item and response.
        """
        kind, process = task.config.metadata["kind"], task.config.process_results
        if kind not in ASKED_ONCE or not callable(process):
            return
        scorer = f"{kind} {settings} {scorers_hash()} math-verify {version('math-verify')}"

        def process_once(item: Mapping[str, object], responses: Sequence[str]) -> dict[str, float]:
            return self._verdict(scorer, process, item, responses)

        task.set_config("process_results", process_once)

    def _verdict(
        self, scorer: str, process: Process, item: Mapping[str, object], responses: Sequence[str]
    ) -> dict[str, float]:
        name = verdict_name(scorer, item, responses[0])
        if name not in self._known:
            if len(self._known) >= _MOST_IN_MEMORY:
                self._known.clear()
            found = self._store.get(name)
            if found is None:
                found = self._store.put(name, process(item, responses))
            self._known[name] = found
        return dict(self._known[name])


def verdict_name(scorer: str, item: Mapping[str, object], response: str) -> str:
    """SHA-256 over the scorer, the item and the response."""
    text = json.dumps([scorer, dict(item), response], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
