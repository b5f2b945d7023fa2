"""TALAN on an adapter: the treatment.

Matched initialisation: the global generators are re-seeded right before PEFT draws the adapter and
again before training, and TALAN draws from a generator of its own. The adapter's first weights and
every dropout draw are therefore the same with TALAN and without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from talan import TalanConfig, TalanError
from talan import attach as attach_talan
from workers.errors import ConfigurationError
from workers.interventions.adapted import Adapted
from workers.interventions.bench import Bench
from workers.interventions.intervention import Intervention


@dataclass(frozen=True, kw_only=True)
class TalanBlock(Intervention):
    """TALAN's block beside the host's adapter.

    Args:
        configuration: The six axes.
        block: TALAN's fixed fields.
    """

    method: ClassVar[str] = "talan"
    source: ClassVar[str] = "arXiv 2606.06902"
    null: ClassVar[str] = "a sham"

    configuration: Mapping[str, Any]
    block: Mapping[str, Any] = field(default_factory=dict)

    def attach(self, bench: Bench, prepared: object) -> Adapted:
        """Put the adapter on, then the block.

        Raises:
            ConfigurationError: The configuration is not allowed or does not fit the backbone.
        """
        del prepared
        config = read_configuration(self.configuration, self.block)
        host = Adapted(bench.attach_adapter())
        try:
            host.talan = attach_talan(host.adapted, config, seed=bench.seed)
        except TalanError as error:
            host.detach()
            raise ConfigurationError(str(error)) from error
        return host


def read_configuration(
    configuration: Mapping[str, object], block: Mapping[str, object]
) -> TalanConfig:
    """TALAN's configuration of its axes and fixed fields.

    Raises:
        ConfigurationError: A key or a value is not allowed.
    """
    try:
        return TalanConfig.from_axes(dict(configuration), **dict(block))
    except TalanError as error:
        raise ConfigurationError(str(error)) from error
