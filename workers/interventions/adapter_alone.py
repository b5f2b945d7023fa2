"""The adapter alone: the matched baseline, and what every other intervention is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workers.interventions.adapted import Adapted
from workers.interventions.bench import Bench
from workers.interventions.intervention import Intervention


@dataclass(frozen=True, kw_only=True)
class AdapterAlone(Intervention):
    """The host's adapter, trained by the recipe."""

    method: ClassVar[str] = "adapter"
    source: ClassVar[str] = "the study's adapters"
    null: ClassVar[str] = "another seed"
    null_at_other_seed: ClassVar[bool] = True

    def attach(self, bench: Bench, prepared: object) -> Adapted:
        """Put the adapter on; its weights depend on the seed, its recipe and the backbone only."""
        del prepared
        return Adapted(bench.attach_adapter())
