"""The proof that the processes of a run train the same model.

Owns: comparing the trainable weights of all processes, bit for bit. Equal seeds give equal first
weights, and equal averaged gradients equal last ones; where that fails, a loss would still look
like one. Does not cover: the backbone's weights (``workers.backbones.resident``).
"""

import torch
from torch import Tensor, distributed, nn

from workers.errors import WorkerError


def require_same_weights(model: nn.Module, *, when: str) -> None:
    """Compare what is trained in ``model`` with the other processes' copies.

    Args:
        model: This process's.
        when: For the message: ``before training`` or ``after it``.

    Raises:
        WorkerError: They differ; all processes raise it.
    """
    mine = _byte_sums(model)
    theirs = [torch.empty_like(mine) for _ in range(distributed.get_world_size())]
    distributed.all_gather(theirs, mine)
    if any(not torch.equal(other, theirs[0]) for other in theirs):
        raise WorkerError(f"the processes of this run hold different weights {when}")


def _byte_sums(model: nn.Module) -> Tensor:
    """Sums over the bytes of each tensor, at each of their places in a number of eight bytes."""
    sums = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            data = parameter.detach().contiguous().view(torch.uint8).flatten()
            places = torch.nn.functional.pad(data, (0, -len(data) % 8)).view(-1, 8)
            sums.append(places.sum(dim=0, dtype=torch.int64))
    return torch.cat(sums)
