"""Soft mixture of slots (Appendix C, the MoE record). The paper only names it: our choice."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from talan.precision import sum_dtype
from talan.projection import draw


class SoftMosSummarizer(nn.Module):
    """A[b,i,:] = softmax((X W_p)[b,i,:]) and Z = softmax_rows(L) Z0 (our choice).

    W_p starts as N(0, 1/d) and L as N(0, 1) (our choice): a zero L would make all slots equal.

    Args:
        hidden_size: width d of the residual stream.
        slots: number T of slots.
    """

    def __init__(self, hidden_size: int, slots: int) -> None:
        super().__init__()
        self.theme_projection = nn.Parameter(torch.empty(hidden_size, slots))
        self.slot_logits = nn.Parameter(torch.empty(slots, slots))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw W_p and L."""
        std = self.theme_projection.shape[0] ** -0.5
        draw(self.theme_projection, std=std, generator=generator)
        draw(self.slot_logits, std=1.0, generator=generator)

    def assign(self, x: Tensor) -> Tensor:
        """Assignments A [B, S, T] of the tokens `x` [B, S, d]; each row sums to 1."""
        logits = F.linear(x, self.theme_projection.t())
        return torch.softmax(logits, dim=-1, dtype=sum_dtype(x.dtype))

    def combine(self, memory: Tensor) -> Tensor:
        """Z = softmax_rows(L) Z0 for `memory` Z0 [..., T, d]."""
        return torch.softmax(self.slot_logits, dim=-1) @ memory
