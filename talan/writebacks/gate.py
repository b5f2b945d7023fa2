"""`gate`: the perturbation passes a learned, input-dependent gate (Eq. 4, right)."""

import torch
from torch import Tensor, nn

from talan.projection import LowRankPair

GATE_RANK = 8


class GateWriteback(nn.Module):
    """X~ = X + g(X, H) * H with g = v * 2 sigmoid(U D [X; H]).

    v = alpha * 1 and U = 0 at the start, so that g is exactly alpha there (Appendix H.1) and
    depends on the input once trained (Eq. 4) (our choice, with rank 8: this reconciles the two).
    With alpha = 0 the output is the input, bit for bit.

    Args:
        hidden_size: width d of the residual stream.
        alpha: v at the start.
        scalar: one gate for all dimensions instead of one for each.
    """

    def __init__(self, hidden_size: int, *, alpha: float, scalar: bool) -> None:
        super().__init__()
        self.initial_alpha = alpha
        size = 1 if scalar else hidden_size
        self.gate_vector = nn.Parameter(torch.empty(size))
        self.lowrank = LowRankPair(hidden_size, size, rank=GATE_RANK, starts_at_zero=True)

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Set v to alpha."""
        del generator
        nn.init.constant_(self.gate_vector, self.initial_alpha)

    def gate(self, x: Tensor, h: Tensor) -> Tensor:
        """g(X, H), [..., d] or [..., 1]."""
        return torch.sigmoid(self.lowrank(x, h)) * (self.gate_vector * 2)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """X~ [..., d] from tokens `x` and perturbation `h`, both [..., d]."""
        return torch.addcmul(x, self.gate(x, h), h)
