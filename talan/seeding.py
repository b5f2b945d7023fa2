"""Where TALAN's initial weights come from: a generator of its own.

The adapter's weights, the data order and the dropout draws of a treatment must be those of its
baseline, so nothing here touches torch's global generators.

Common random numbers: what decides the shapes of summarizer and mixer seeds the draw, and nothing
else. Runs that differ in layer, alpha, gamma, scope or schedule only begin with the same block;
those that differ in rule or gate have the same summarizer and mixer, which are drawn before the
writeback.
"""

import hashlib
import json
from dataclasses import astuple

import torch
from torch import nn

from talan.config import TalanConfig
from talan.mixers.width import resolve_width


def make_generator(config: TalanConfig, *, seed: int, hidden_size: int) -> torch.Generator:
    """A CPU generator seeded from (seed, mixer, slots, summarizer, components, widths).

    Args:
        config: the configuration.
        seed: the run's seed.
        hidden_size: width d of the residual stream.
    """
    shapes = {
        "seed": seed,
        "mixer": config.mixer,
        "slots": config.slots,
        "summarizer": config.summarizer,
        "components": config.components,
        "widths": astuple(resolve_width(config, hidden_size=hidden_size)),
    }
    digest = hashlib.sha256(json.dumps(shapes, sort_keys=True).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def draw_weights(module: nn.Module, generator: torch.Generator) -> None:
    """Let every part of `module` draw its weights, children before their parent."""
    for child in module.children():
        draw_weights(child, generator)
    reset = getattr(module, "reset_parameters", None)
    if reset is not None:
        reset(generator)
