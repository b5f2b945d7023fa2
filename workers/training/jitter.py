"""A jitter: the adapter alone, with first weights a little off the baseline's.

    A' = sqrt(1 - s^2) A + s A_new,    0 <= s <= 1

with A the matrix that the seed draws and A_new drawn in the same way by a generator of its own,
seeded from (seed, number). A' has the variance of A; s = 0 is the baseline bit for bit, s = 1
another draw. B starts at 0, so that every jitter's first forward pass is the baseline's.

Owns: mixing A. Does not cover: which s (``workers.run.scale_search``), attaching the adapter.
"""

import hashlib
import math

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer

from workers.backbones.determinism import seed_generators


@torch.no_grad()
def jitter_adapter(adapted: PeftModel, *, seed: int, number: int, scale: float) -> None:
    """Mix another draw into a freshly attached adapter, in place.

    Moves the global generators: whoever attaches seeds them again before training.

    Args:
        adapted: Fresh from ``attach_adapter``.
        seed: The run's seed.
        number: Tells jitters of one seed apart.
        scale: s.
    """
    digest = hashlib.sha256(f"jitter:{seed}:{number}".encode()).digest()
    seed_generators(int.from_bytes(digest[:4], "big"))
    keep = math.sqrt(1 - scale**2)
    for layer in adapted.modules():
        if not isinstance(layer, LoraLayer):
            continue
        for name, matrix in layer.lora_A.items():
            first = matrix.weight.detach().clone()
            layer.reset_lora_parameters(name, init_lora_weights=True)
            matrix.weight.copy_(keep * first + scale * matrix.weight)
