"""The adapter alone, its first weights a little off (``workers.training.jitter``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workers.interventions.adapted import Adapted
from workers.interventions.bench import Bench
from workers.interventions.intervention import Intervention
from workers.training.jitter import jitter_adapter


@dataclass(frozen=True, kw_only=True)
class Jitter(Intervention):
    """A jitter of the host's adapter.

    Args:
        number: Tells jitters of one seed apart.
        scale: How far the first weights move, from 0 to 1.
    """

    method: ClassVar[str] = "jitter"
    source: ClassVar[str] = "workers/training/jitter.py"
    null: ClassVar[str] = "itself"

    number: int
    scale: float = 1.0

    def attach(self, bench: Bench, prepared: object) -> Adapted:
        """Put the adapter on and move its first weights."""
        del prepared
        adapted = Adapted(bench.attach_adapter())
        jitter_adapter(adapted.adapted, seed=bench.seed, number=self.number, scale=self.scale)
        return adapted
