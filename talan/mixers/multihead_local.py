"""`multihead_local`: tokens read the latent memory, H = MHA(X, Z, Z)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talan.mixers.attention import attend
from talan.mixers.width import Width
from talan.projection import Projection, draw


class MultiheadLocal(nn.Module):
    """H = MHA(X, Z, Z) with one packed input projection (rows q, k, v) of inner width k.

    Weights random, biases 0.

    Args:
        width: d, k and h.
    """

    def __init__(self, width: Width) -> None:
        super().__init__()
        self.inner, self.heads = width.inner, width.heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width.inner, width.hidden))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width.inner))
        self.out_proj = Projection(width.inner, width.hidden)

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the packed projection, zero its bias."""
        std = self.in_proj_weight.shape[1] ** -0.5
        draw(self.in_proj_weight, std=std, generator=generator)
        nn.init.zeros_(self.in_proj_bias)

    def forward(self, x: Tensor, memory: Tensor, assignment: Tensor) -> Tensor:
        """H [N, Q, d] from tokens `x` [N, Q, d] and `memory` [N, T, d]."""
        del assignment
        k, weight, bias = self.inner, self.in_proj_weight, self.in_proj_bias
        query = F.linear(x, weight[:k], bias[:k])
        key, value = F.linear(memory, weight[k:], bias[k:]).chunk(2, dim=-1)
        h: Tensor = self.out_proj(attend(query, key, value, heads=self.heads))
        return h
