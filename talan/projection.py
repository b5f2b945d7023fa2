"""Linear maps of the block, with weights drawn from a given generator.

They are deliberately no `torch.nn.Linear`: PEFT's `target_modules="all-linear"` would otherwise
put adapters inside TALAN, and their construction would draw from torch's global generator.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def draw(parameter: Tensor, *, std: float, generator: torch.Generator) -> None:
    """Fill `parameter` with N(0, std^2), drawn in float32 on the CPU: the same on any device."""
    values = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
    with torch.no_grad():
        parameter.copy_(values * std)


class _Drawn(nn.Module):
    """A weight from N(0, 1/in) and, where there is one, a bias of 0 (our choice)."""

    def __init__(self, in_features: int, out_features: int, *, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.empty(out_features)) if bias else None

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw the weight, zero the bias."""
        draw(self.weight, std=self.weight.shape[1] ** -0.5, generator=generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class Projection(_Drawn):
    """y = x W^T + b.

    Args:
        in_features: width of x.
        out_features: width of y.
        bias: whether there is a b.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [..., in] to [..., out]."""
        return F.linear(x, self.weight, self.bias)


class PairProjection(_Drawn):
    """y = W [a; b] + c for two inputs of the same width, without building [a; b].

    Args:
        features: width d of each input.
        out_features: width of y.
        bias: whether there is a c.
    """

    def __init__(self, features: int, out_features: int, *, bias: bool) -> None:
        super().__init__(2 * features, out_features, bias=bias)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Map `a` and `b` [..., d] to [..., out]."""
        left, right = self.weight.chunk(2, dim=1)
        return F.linear(a, left, self.bias) + F.linear(b, right)


class LowRankPair(nn.Module):
    """y = U D [a; b], the low-rank map of both gates.

    Args:
        features: width d of each input.
        out_features: width of y.
        rank: inner width.
        starts_at_zero: zero U, so that y = 0 at the start.
    """

    def __init__(
        self, features: int, out_features: int, *, rank: int, starts_at_zero: bool
    ) -> None:
        super().__init__()
        self.starts_at_zero = starts_at_zero
        self.down = PairProjection(features, rank, bias=False)
        self.up = Projection(rank, out_features, bias=False)

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Zero U where the map starts at zero; the parts have drawn their own weights."""
        del generator
        if self.starts_at_zero:
            nn.init.zeros_(self.up.weight)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Map `a` and `b` [..., d] to [..., out]."""
        y: Tensor = self.up(self.down(a, b))
        return y
