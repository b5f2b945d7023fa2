"""In which dtype the block computes and keeps its sums.

A sum over thousands of tokens loses its small terms in half precision, so sums and assignments
are kept in float32 at least.
"""

import torch
from torch import Tensor

_HALF = (torch.bfloat16, torch.float16)


def sum_dtype(dtype: torch.dtype) -> torch.dtype:
    """The dtype of assignments and running sums for tokens of `dtype`."""
    return torch.float32 if dtype in _HALF else dtype


def parameter_dtype(dtype: torch.dtype) -> torch.dtype:
    """The dtype of the block's parameters in a backbone of `dtype` (as PEFT's adapters)."""
    return sum_dtype(dtype) if dtype.is_floating_point else torch.float32


def working_copy(x: Tensor, *, like: Tensor) -> Tensor:
    """`x` on the device and in the dtype of `like`; autocast chooses the dtype by itself."""
    if torch.is_autocast_enabled(like.device.type):
        return x.to(like.device)
    return x.to(like)
