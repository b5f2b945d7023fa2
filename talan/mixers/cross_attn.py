"""`cross_attn`: latent-memory attention with separate projections and normalised inputs."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talan.mixers.attention import attend
from talan.mixers.width import Width
from talan.projection import Projection


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + 1e-6) * w, with w starting at 1."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(hidden_size))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Set w to 1."""
        del generator
        nn.init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension of `x`."""
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), eps=1e-6)


class CrossAttn(nn.Module):
    """H = MHA_cross(X, Z, Z): q from RMSNorm(X), k and v from RMSNorm(Z) (our choice).

    Weights random, biases 0.

    Args:
        width: d, k and h.
    """

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.heads = width.heads
        self.token_norm = RMSNorm(width.hidden)
        self.memory_norm = RMSNorm(width.hidden)
        self.query = Projection(width.hidden, width.inner)
        self.key = Projection(width.hidden, width.inner)
        self.value = Projection(width.hidden, width.inner)
        self.out = Projection(width.inner, width.hidden)

    def forward(self, x: Tensor, memory: Tensor, assignment: Tensor) -> Tensor:
        """H [N, Q, d] from tokens `x` [N, Q, d] and `memory` [N, T, d]."""
        del assignment
        slots = self.memory_norm(memory)
        query, key, value = self.query(self.token_norm(x)), self.key(slots), self.value(slots)
        h: Tensor = self.out(attend(query, key, value, heads=self.heads))
        return h
