"""How large a host is, and whether its parts fit together, without a single weight in memory.

Owns: parameter counts of backbone, adapter and TALAN on the meta device (Table 6's first column),
and what training holds of them in memory. Does not cover: time, and the memory of activations
(``workers.backbones.costs`` measures both).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from peft import get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig

from talan import TalanConfig, TalanError, count_parameters
from workers.backbones.adapters import lora_config, require_targets
from workers.backbones.inspection import inspect_backbone
from workers.backbones.shapes import PUBLISHED_SHAPES, published_config
from workers.errors import BackboneError, ConfigurationError
from workers.job.jobs import AdapterSpec

_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_GIB = 2**30


@dataclass(frozen=True)
class HostSize:
    """Numbers of parameters.

    Attributes:
        backbone: Of the pretrained model, all frozen.
        adapter: Of LoRA, DoRA or rsLoRA, all trained.
        talan: Of the side path; 0 for a baseline.
    """

    backbone: int
    adapter: int
    talan: int = 0

    @property
    def talan_share(self) -> float:
        """TALAN's parameters over the backbone's, the per cent of Table 6 as a fraction."""
        return self.talan / self.backbone

    def resident_gib(self, dtype: str) -> float:
        """Weights, gradients and AdamW's two moments in GiB; activations are not in it.

        Args:
            dtype: Of the backbone's weights. What is trained is float32 whatever they are.
        """
        trained = self.adapter + self.talan
        return (_BYTES[dtype] * self.backbone + 4 * _BYTES["float32"] * trained) / _GIB


class HostShape:
    """A backbone with an adapter on it, on the meta device.

    Args:
        config: The backbone's transformers configuration.
        adapter: The adapter's recipe.

    Raises:
        AdapterError: The backbone lacks a target module.
    """

    def __init__(self, config: PretrainedConfig, adapter: AdapterSpec) -> None:
        self._config = config
        parts = _Parts(config.to_json_string(use_diff=False), adapter, config)
        self._backbone, self._adapter = _count(parts)

    def size(
        self, configuration: Mapping[str, Any] | None, *, block: Mapping[str, Any] | None = None
    ) -> HostSize:
        """The host's size with one configuration of TALAN, or without.

        Args:
            configuration: The six axes; None: the baseline.
            block: The block's fixed fields.

        Raises:
            ConfigurationError: The configuration does not fit the backbone.
        """
        if configuration is None:
            return HostSize(self._backbone, self._adapter)
        try:
            talan = TalanConfig.from_axes(dict(configuration), **dict(block or {}))
            added = count_parameters(self._config, talan)
        except TalanError as error:
            raise ConfigurationError(str(error)) from error
        return HostSize(self._backbone, self._adapter, added)


@dataclass(frozen=True)
class _Parts:
    config_text: str
    adapter: AdapterSpec
    config: PretrainedConfig = field(compare=False)


@lru_cache(maxsize=256)
def _count(parts: _Parts) -> tuple[int, int]:
    """Parameters of backbone and adapter; built once, although each launch and estimate asks."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(parts.config)  # type: ignore[no-untyped-call]
        backbone = sum(p.numel() for p in model.parameters())
        require_targets(model, parts.adapter)
        adapted = get_peft_model(model, lora_config(parts.adapter))
    return backbone, sum(p.numel() for p in adapted.parameters() if p.requires_grad)


def backbone_config(name: str) -> tuple[Any, str]:
    """A backbone's transformers configuration, and where it comes from.

    Returns:
        The configuration and ``files``, or ``published shape`` where there are no files.

    Raises:
        BackboneError: It is not at hand, and its shape is not among the published ones.
    """
    try:
        source = inspect_backbone(name).source
    except BackboneError:
        if name.partition("@")[0] not in PUBLISHED_SHAPES:
            raise
        return published_config(name), "published shape"
    return AutoConfig.from_pretrained(source, local_files_only=True), "files"
