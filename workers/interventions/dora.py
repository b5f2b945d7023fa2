"""DoRA: the adapter with the weight's magnitude apart from its direction.

    W' = m (W + s B A) / |W + s B A|_c,    m trained, |.|_c the norm of each column

arXiv 2402.09353, Eq. 5, by PEFT's ``use_dora``: the host's rank, alpha and targets, against the
host's own LoRA.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from peft import PeftConfig

from workers.backbones.adapters import lora_config
from workers.errors import MethodError
from workers.interventions.bench import Bench
from workers.interventions.tuner import Tuner
from workers.job.jobs import AdapterSpec


@dataclass(frozen=True, kw_only=True)
class Dora(Tuner):
    """DoRA in the adapter's place; its null is the host's adapter at another seed."""

    method: ClassVar[str] = "dora"
    source: ClassVar[str] = "arXiv 2402.09353"
    null: ClassVar[str] = "the adapter at another seed"
    null_at_other_seed: ClassVar[bool] = True
    unmatched: ClassVar[tuple[str, ...]] = (
        "The magnitudes m are further trained parameters, one for each output of an adapted map.",
    )

    def check(self, *, num_layers: int, backbone: str, adapter: AdapterSpec) -> None:
        """Refuse a host whose adapter is DoRA already."""
        del num_layers
        if adapter.type == "dora":
            raise MethodError(
                f"methods: dora is the adapter of host {backbone} {adapter.label} itself; allowed: "
                "adapters of type lora or rslora"
            )

    def config(self, bench: Bench) -> PeftConfig:
        """The host's adapter with magnitudes, or without as the null."""
        config = lora_config(bench.adapter)
        config.use_dora = not self.is_null
        return config
