"""Which baseline a run is matched with: same study and host, of the seed that the run names.

Owns: the rule, once as SQL and once for runs in memory. A host belongs to one study.
Does not cover: what the two compared give (`verdict.py`).
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_

from storage.new_rows import BASELINE


class Matchable(Protocol):
    """A run that names its host and the seed of its baseline."""

    @property
    def host(self) -> int:
        """The host's place in the study."""

    @property
    def baseline_seed(self) -> int:
        """The baseline's seed."""


def match_key(run: Matchable) -> tuple[int, int]:
    """Return what a run and its baseline share within a study: host, and seed of the baseline."""
    return run.host, run.baseline_seed


def is_baseline_of(baseline: Any, run: Any) -> ColumnElement[bool]:
    """Return the condition that one row of runs is the matched baseline of another."""
    return and_(
        baseline.host_id == run.host_id,
        baseline.seed == run.baseline_seed,
        baseline.kind == BASELINE,
    )
