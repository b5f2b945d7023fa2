"""Multi-head attention of tokens over slots, shared by the attention mixers.

Legend: N rows of tokens that share a memory, Q tokens a row, T slots, k inner width, h heads.
"""

import torch.nn.functional as F
from torch import Tensor


def attend(query: Tensor, key: Tensor, value: Tensor, *, heads: int) -> Tensor:
    """softmax(q k^T / sqrt(k/h)) v in each head, heads concatenated.

    Args:
        query: [N, Q, k].
        key: [N, T, k].
        value: [N, T, k].
        heads: h.

    Returns:
        [N, Q, k].
    """
    q, k, v = (_split(part, heads) for part in (query, key, value))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(-2)


def _split(x: Tensor, heads: int) -> Tensor:
    """[N, Q, k] as [N, h, Q, k/h]."""
    return x.view(*x.shape[:-1], heads, x.shape[-1] // heads).transpose(1, 2)
