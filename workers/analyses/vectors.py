"""Norms and angles of changes of the residual stream, token by token.

    norm ratio:  |A|_F / |B|_F      cosine of a token:  <a_i, b_i> / (|a_i| |b_i|)

Owns: these two for two changes A, B [S, d] in float64, summed up over sequences one after the
other. A token at which one of the two is 0 has no angle and is left out. Does not cover: what the
changes are of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass
class Angles:
    """Sums over tokens: of the same size however many there are."""

    first: float = 0.0
    second: float = 0.0
    cosines: float = 0.0
    squares: float = 0.0
    tokens: int = 0

    def add(self, a: Tensor, b: Tensor) -> None:
        """Take in two changes of the same tokens, [S, d]."""
        a, b = a.double(), b.double()
        sizes = a.norm(dim=-1) * b.norm(dim=-1)
        angled = sizes > 0
        cosines = (a * b).sum(dim=-1)[angled] / sizes[angled]
        self.first += float((a * a).sum())
        self.second += float((b * b).sum())
        self.cosines += float(cosines.sum())
        self.squares += float((cosines * cosines).sum())
        self.tokens += int(angled.sum())

    def summary(self, *, width: int) -> dict[str, Any]:
        """Norm ratio, mean and spread of the cosines, and the spread of random directions."""
        mean = self.cosines / self.tokens if self.tokens else None
        spread = None
        if mean is not None:
            spread = math.sqrt(max(self.squares / self.tokens - mean * mean, 0.0))
        return {
            "norm_ratio": math.sqrt(self.first / self.second) if self.second else None,
            "cosine_mean": mean,
            "cosine_std": spread,
            "random_cosine_std": 1 / math.sqrt(width),
            "num_tokens": self.tokens,
        }


def random_unit(width: int, *, seed: int) -> Tensor:
    """A direction that is uniform on the sphere, [d] in float64."""
    generator = torch.Generator().manual_seed(seed)
    vector = torch.randn(width, generator=generator, dtype=torch.float64)
    unit: Tensor = vector / vector.norm()
    return unit
