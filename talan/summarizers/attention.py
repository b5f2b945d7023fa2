"""Soft assignment by dot products with learned slot queries (Eq. 2)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talan.precision import sum_dtype
from talan.projection import draw


class AttentionSummarizer(nn.Module):
    """A[b,i,t] = softmax over t of <X[b,i], Q_t> / sqrt(d).

    The queries start as N(0, 1) (our choice): for tokens of unit scale the logits are then of
    unit scale too. Named after the paper's `theme_` tensors.

    Args:
        hidden_size: width d of the residual stream.
        slots: number T of slots.
    """

    def __init__(self, hidden_size: int, slots: int) -> None:
        super().__init__()
        self.scale = hidden_size**-0.5
        self.theme_queries = nn.Parameter(torch.empty(slots, hidden_size))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the slot queries."""
        draw(self.theme_queries, std=1.0, generator=generator)

    def assign(self, x: Tensor) -> Tensor:
        """Assignments A [B, S, T] of the tokens `x` [B, S, d]; each row sums to 1."""
        logits = F.linear(x, self.theme_queries * self.scale)
        return torch.softmax(logits, dim=-1, dtype=sum_dtype(x.dtype))

    def combine(self, memory: Tensor) -> Tensor:
        """The latent memory itself: Z = Z0 [..., T, d]."""
        return memory
