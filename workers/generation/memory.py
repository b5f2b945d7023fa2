"""How much a device can decode at a time.

Owns: what a sequence costs, measured with a forward pass on the model at hand, and the capacity
that follows from the free memory. On a CPU there is no such bound (our choice): memory is shared
with everything else there, and a study's `eval_batch_size` says what it may use.
Does not cover: running out of memory all the same (`workers.generation.engine`).
"""

from typing import Any

import torch

from workers.generation.batch import read_prefix
from workers.generation.capacity import Capacity

AUTO_ROWS_CPU = 128
# The activations of so many tokens fit into a processor's cache; measured on the tiny backbone,
# 1.2x quicker a token than 16 times as many.
PREFILL_TOKENS_CPU = 2048
AUTO_ROWS_CUDA = 256
# Of the free memory; the rest is for attention's copies, a renewal's and the allocator's gaps.
_SHARE = 0.7


def measured_capacity(model: Any, *, max_rows: int | None = None) -> Capacity:
    """The bounds for a model on the device it is on.

    Rounded down to a power of two cells: a little more or less free memory makes the same batches.

    Args:
        model: The model, as it will decode.
        max_rows: At most so many sequences; None: as memory allows.
    """
    if model.device.type != "cuda":
        return Capacity(
            max_rows or AUTO_ROWS_CPU,
            prefill_tokens=PREFILL_TOKENS_CPU,
            pass_tokens=PREFILL_TOKENS_CPU,
        )
    default = Capacity(max_rows or AUTO_ROWS_CUDA)
    context = model.config.get_text_config().max_position_embeddings
    probe = min(2048, context - 1, default.prefill_tokens)
    cell_bytes, token_bytes = _measure(model, num_tokens=probe)
    free, _ = torch.cuda.mem_get_info(model.device)
    free += torch.cuda.memory_reserved(model.device) - torch.cuda.memory_allocated(model.device)
    prefill_tokens = default.prefill_tokens
    while prefill_tokens > 1 and prefill_tokens * token_bytes > free * (1 - _SHARE):
        prefill_tokens //= 2
    cells = int(free * _SHARE / cell_bytes)
    return Capacity(default.max_rows, max(1, 1 << max(0, cells.bit_length() - 1)), prefill_tokens)


def _measure(model: Any, *, num_tokens: int) -> tuple[int, int]:
    """Bytes of one cell of the cache, and of a prompt token's activations while it is read."""
    device = model.device
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    prefix = read_prefix(model, [0] * num_tokens)
    held = torch.cuda.memory_allocated(device) - before
    peak = torch.cuda.max_memory_allocated(device) - before
    del prefix
    return max(1, held // num_tokens), max(1, (peak - held) // num_tokens)
