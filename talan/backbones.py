"""Which backbones the block can be inserted into, and where their parts are.

All four architectures share one decoder shape: `model.model.layers[l](hidden_states, ...)`.
"""

from typing import Any

import torch
from torch import nn

from talan.config import TalanConfig
from talan.errors import TalanInsertionError
from talan.precision import parameter_dtype
from talan.vocabulary import MODEL_TYPES


def check_backbone(hf_config: Any, config: TalanConfig) -> None:
    """Refuse an architecture that is not supported or a layer that it does not have."""
    kind = getattr(hf_config, "model_type", None)
    if kind not in MODEL_TYPES:
        raise TalanInsertionError(
            f"The architecture {kind!r} is not supported; allowed: {', '.join(MODEL_TYPES)}."
        )
    if config.layer >= hf_config.num_hidden_layers:
        raise TalanInsertionError(
            f"layer is {config.layer}, but this backbone has the layers 0 to "
            f"{hf_config.num_hidden_layers - 1}."
        )


def causal_model(model: nn.Module) -> Any:
    """The causal language model itself, taken out of a `PeftModel` if there is one."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model  # type: ignore[operator]


def find_decoder(model: nn.Module) -> nn.Module:
    """The inner decoder, which owns `layers` and is given the padding mask."""
    decoder = getattr(causal_model(model), "model", None)
    if not isinstance(getattr(decoder, "layers", None), nn.ModuleList):
        raise TalanInsertionError(
            f"{type(model).__name__} has no decoder layers: pass a causal language model."
        )
    return decoder  # type: ignore[return-value]


def placement(layer: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Device and dtype for a block on `layer`."""
    weight = next(p for p in layer.parameters() if p.dtype.is_floating_point)
    return weight.device, parameter_dtype(weight.dtype)
