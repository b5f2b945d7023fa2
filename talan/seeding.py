"""Where TALAN's initial weights come from: a generator of its own.

The adapter's weights, the data order and the dropout draws of a treatment must be those of its
baseline, so nothing here touches torch's global generators.
"""

import hashlib

import torch
from torch import nn

from talan.config import TalanConfig


def make_generator(config: TalanConfig, *, seed: int) -> torch.Generator:
    """A CPU generator seeded from (seed, configuration)."""
    text = f"{seed}:{config.configuration_id}".encode()
    number = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1
    return torch.Generator().manual_seed(number)


def draw_weights(module: nn.Module, generator: torch.Generator) -> None:
    """Let every part of `module` draw its weights, children before their parent."""
    for child in module.children():
        draw_weights(child, generator)
    reset = getattr(module, "reset_parameters", None)
    if reset is not None:
        reset(generator)
