"""(IA)^3: trained vectors that scale keys, values and the input of the last feed-forward map.

    k' = l_k * k,    v' = l_v * v,    y = W_down (l_ff * u),    all l = 1 at the start

arXiv 2205.05638, Eq. 1 and 2, by PEFT's own tuner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from peft import IA3Config, PeftConfig

from workers.backbones.adapters import linear_names
from workers.interventions.bench import Bench
from workers.interventions.tuner import FrozenNullTuner


@dataclass(frozen=True, kw_only=True)
class Ia3(FrozenNullTuner):
    """(IA)^3 in the adapter's place; its null is frozen at its start, the bare backbone."""

    method: ClassVar[str] = "ia3"
    source: ClassVar[str] = "arXiv 2205.05638; PEFT 0.21.2"
    unmatched: ClassVar[tuple[str, ...]] = (
        "Its vectors are some hundred times fewer parameters than the adapter's.",
        "Its null is the backbone without any fine-tuning, since the vectors start at 1.",
        "Experts of a mixture are no linear maps to PEFT: there, keys and values alone are scaled.",
    )
    rate_factors: ClassVar[tuple[float, ...]] = (1.0, 5.0, 25.0)

    def config(self, bench: Bench) -> PeftConfig:
        """Keys, values, and the feed-forward map where it is linear."""
        present = linear_names(bench.model)
        targets = [name for name in ("k_proj", "v_proj", "down_proj") if name in present]
        return IA3Config(
            task_type="CAUSAL_LM",
            target_modules=targets,
            feedforward_modules=[name for name in targets if name == "down_proj"],
        )
