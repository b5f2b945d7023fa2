"""Several mixers of one kind in parallel: a block of several components."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Ensemble(nn.Module):
    """H = sum_k softmax(w)_k H_k, w trainable and 0 at the start (our choice).

    The paper's Appendix H.4 takes ensembles of components apart and does not define them.

    Args:
        components: K mixers of one kind, each with weights of its own.
    """

    def __init__(self, components: Sequence[nn.Module]) -> None:
        super().__init__()
        self.components = nn.ModuleList(components)
        self.mixture_logits = nn.Parameter(torch.empty(len(components)))

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Set w to 0; the components have drawn their own weights."""
        del generator
        nn.init.zeros_(self.mixture_logits)

    @property
    def mixture(self) -> Tensor:
        """The weights of the components now, [K]; they sum to 1."""
        return torch.softmax(self.mixture_logits, dim=0)

    def forward(self, x: Tensor, memory: Tensor, assignment: Tensor) -> Tensor:
        """H [N, Q, d] from tokens `x`, `memory` [N, T, d] and `assignment` [N, Q, T]."""
        weights = self.mixture.to(x.dtype)
        h: Tensor = weights[0] * self.components[0](x, memory, assignment)
        for weight, component in zip(weights[1:], self.components[1:], strict=True):
            h = h + weight * component(x, memory, assignment)
        return h
