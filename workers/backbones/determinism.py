"""The random state of a run: one seed, set at fixed points.

Owns: seeding every global generator that training can draw from.
Does not cover: TALAN's weights (a generator of its own, see ``talan``), the data order (a generator
of its own, see ``workers.training.sft_data``), threads and kernels (``workers.run.process``).
"""

import random

import numpy as np
import torch

LARGEST_SEED = 2**32 - 1  # numpy's bound


def seed_generators(seed: int) -> None:
    """Set Python's, numpy's and torch's global generators (all devices) to ``seed``."""
    if not 0 <= seed <= LARGEST_SEED:
        msg = f"seed is {seed!r}; allowed: a whole number from 0 to {LARGEST_SEED}"
        raise ValueError(msg)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
