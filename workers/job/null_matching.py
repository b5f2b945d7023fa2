"""What a run is told so that its distance from its baseline is measured, and matched.

Owns: ``HeldOut`` and ``KlMatch``, which travel with a job. Does not cover: the distance itself
(``workers.training.held_out``), the search for a scale (``workers.run.scale_search``), nor where a
target comes from (``search.driving.matched_nulls``). Imports no torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from workers.errors import WorkerError


@dataclass(frozen=True)
class HeldOut:
    """The run is measured on training examples that no step of it sees.

    Args:
        baseline: Artifact with the baseline's log-probabilities there; None: this run is the
            baseline, and stores it.
    """

    baseline: str | None = None


@dataclass(frozen=True)
class KlMatch:
    """A null run is scaled until it is as far from its baseline as the treatments are.

    Args:
        target: The divergence to reach, in nats a token, above 0.
        start: The scale that is tried first; None: where the kind of null run begins.

    Raises:
        WorkerError: The target or the start is not above 0.
    """

    target: float
    start: float | None = None

    def __post_init__(self) -> None:
        for name in ("target", "start"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                msg = f"the match's {name} is {value}; allowed: finite numbers above 0"
                raise WorkerError(msg)
