"""`direct`: the perturbation is added with one positive coefficient (Eq. 4, left)."""

import torch
from torch import Tensor, nn


class DirectWriteback(nn.Module):
    """X~ = X + alpha H with alpha = alpha_0 exp(s), s trainable and 0 at the start.

    So alpha starts exactly at the configured value and stays positive (our choice of
    parametrisation).

    Args:
        alpha: alpha_0.
    """

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.initial_alpha = alpha
        self.log_alpha_ratio = nn.Parameter(torch.empty(1))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Set s to 0."""
        del generator
        nn.init.zeros_(self.log_alpha_ratio)

    @property
    def alpha(self) -> Tensor:
        """The coefficient now, shape [1]."""
        return self.log_alpha_ratio.exp() * self.initial_alpha

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        """X~ [..., d] from tokens `x` and perturbation `h`, both [..., d]."""
        return torch.addcmul(x, h, self.alpha)
