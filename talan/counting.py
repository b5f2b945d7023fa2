"""How many parameters a block adds, without allocating any."""

from typing import Any

import torch
from torch import nn

from talan.backbones import check_backbone
from talan.block import TalanBlock
from talan.config import TalanConfig


def num_parameters(module: nn.Module) -> int:
    """Number of scalars in the parameters of `module`."""
    return sum(parameter.numel() for parameter in module.parameters())


def count_parameters(hf_config: Any, config: TalanConfig) -> int:
    """Parameters that `config` adds to a backbone of `hf_config`, built on the meta device.

    Args:
        hf_config: a transformers configuration (hidden_size, num_hidden_layers, model_type).
        config: the configuration.

    Raises:
        TalanInsertionError: if the backbone is not supported or lacks the layer.
    """
    check_backbone(hf_config, config)
    with torch.device("meta"):
        return num_parameters(TalanBlock(config, hf_config.hidden_size))
