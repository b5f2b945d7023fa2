"""A sham on an adapter: TALAN's disturbance without its mechanism (``talan.sham``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from talan import TalanError, attach_sham, perturbation_norm
from workers.errors import ConfigurationError
from workers.interventions.adapted import Adapted
from workers.interventions.bench import Bench
from workers.interventions.talan_block import TalanBlock, read_configuration


@dataclass(frozen=True, kw_only=True)
class ShamPath(TalanBlock):
    """A fixed random direction where a configuration would put TALAN.

    Args:
        number: Tells shams of one seed apart.
        scale: A factor on its norm.
    """

    method: ClassVar[str] = "sham"
    source: ClassVar[str] = "talan/sham.py"
    null: ClassVar[str] = "itself"

    number: int
    scale: float = 1.0

    def prepare(self, bench: Bench) -> Mapping[str, Tensor]:
        """The first batch that is trained on: the norm is measured there."""
        return bench.first_batch()

    def attach(self, bench: Bench, prepared: Any) -> Adapted:
        """Put the adapter on, measure what TALAN would do there, and put the sham in its place.

        Raises:
            ConfigurationError: The configuration is not allowed or does not fit the backbone.
        """
        config = read_configuration(self.configuration, self.block)
        host = Adapted(bench.attach_adapter(), number=self.number)
        try:
            norm = perturbation_norm(host.adapted, config, seed=bench.seed, batch=prepared)
            host.talan = attach_sham(
                host.adapted,
                config,
                seed=bench.seed,
                number=self.number,
                norm=self.scale * norm,
            )
        except TalanError as error:
            host.detach()
            raise ConfigurationError(str(error)) from error
        return host
