"""`per_token_mix`: a small network over each token and its own mixture of slots."""

import torch.nn.functional as F
from torch import Tensor, nn

from talan.mixers.width import Width
from talan.projection import PairProjection, Projection


class PerTokenMix(nn.Module):
    """Z~[b,i] = sum_t A[b,i,t] z[b,t] and H = MLP([X; Z~]), 2d -> k -> d.

    The network is one hidden layer with SiLU (our choice). Weights random, biases 0.

    Args:
        width: d and k; heads are not used.
    """

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.inward = PairProjection(width.hidden, width.inner, bias=True)
        self.outward = Projection(width.inner, width.hidden)

    def forward(self, x: Tensor, memory: Tensor, assignment: Tensor) -> Tensor:
        """H [N, Q, d] from `x` [N, Q, d], `memory` [N, T, d], `assignment` [N, Q, T]."""
        mixture = assignment.to(memory.dtype) @ memory
        h: Tensor = self.outward(F.silu(self.inward(x, mixture)))
        return h
