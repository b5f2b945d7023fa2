"""`gated_cross_attn`: cross attention that a token can close for itself."""

import torch
from torch import Tensor, nn

from talan.mixers.cross_attn import CrossAttn
from talan.mixers.width import Width
from talan.projection import LowRankPair

GATE_RANK = 16


class GatedCrossAttn(nn.Module):
    """H = G * H0 with H0 = MHA_cross(X, Z, Z) and G = sigmoid(W_g [X; H0]).

    W_g is a product of two random factors of rank 16 (our choice), so that the mixer stays
    small at any d.

    Args:
        width: d, k and h.
    """

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.cross = CrossAttn(width)
        self.bypass = LowRankPair(width.hidden, width.hidden, rank=GATE_RANK, starts_at_zero=False)

    def forward(self, x: Tensor, memory: Tensor, assignment: Tensor) -> Tensor:
        """H [N, Q, d] from tokens `x` [N, Q, d] and `memory` [N, T, d]."""
        h0: Tensor = self.cross(x, memory, assignment)
        return torch.sigmoid(self.bypass(x, h0)) * h0
