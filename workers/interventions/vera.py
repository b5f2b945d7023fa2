"""VeRA: one pair of fixed random matrices for all layers, trained vectors between them.

    W' = W + diag(b) B diag(d) A,    A and B fixed and shared, b = 0 and d = 0.1 at the start

arXiv 2310.11454, Eq. 2, by PEFT's own tuner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from peft import PeftConfig, VeraConfig

from workers.interventions.bench import Bench
from workers.interventions.settings import require_whole
from workers.interventions.tuner import FrozenNullTuner


@dataclass(frozen=True, kw_only=True)
class Vera(FrozenNullTuner):
    """VeRA on the host's targets.

    Args:
        rank: Rows of A.
    """

    method: ClassVar[str] = "vera"
    source: ClassVar[str] = "arXiv 2310.11454; PEFT 0.21.2"
    unmatched: ClassVar[tuple[str, ...]] = (
        "Its rank is its own: at the adapter's it would have hardly a parameter.",
        "Its null is the backbone without any fine-tuning, since b starts at 0.",
    )
    rate_factors: ClassVar[tuple[float, ...]] = (1.0, 5.0, 25.0)

    rank: int = 256

    def __post_init__(self) -> None:
        """Check the rank.

        Raises:
            MethodError: It is no whole number from 1.
        """
        super().__post_init__()
        require_whole(self.method, "rank", self.rank)

    def config(self, bench: Bench) -> PeftConfig:
        """The host's targets; A and B follow from the run's seed and are stored."""
        return VeraConfig(
            task_type="CAUSAL_LM",
            r=self.rank,
            target_modules=list(bench.adapter.target_modules),
            projection_prng_key=bench.seed,
            save_projection=True,
        )
