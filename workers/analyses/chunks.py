"""Items in chunks of bounded memory.

Owns: how many items' streams are held while the next host is put on the backbone. Does not cover:
what is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
LEAST_HELD_BYTES = 16 << 20


def held_bytes(model: Any) -> int:
    """An eighth of the backbone (our choice): small beside it, and few swaps of hosts on it."""
    size: int = sum(p.numel() * p.element_size() for p in model.parameters())
    return max(LEAST_HELD_BYTES, size // 8)


def chunks(items: Sequence[T], *, num_bytes: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """Items in order, as many together as fit; one that is too large stands alone."""
    held: list[T] = []
    total = 0
    for item in items:
        size = num_bytes(item)
        if held and total + size > most:
            yield held
            held, total = [], 0
        held.append(item)
        total += size
    if held:
        yield held


def stream_bytes(model: Any, num_tokens: int) -> int:
    """What all streams of one sequence take."""
    config = model.config
    element = model.get_input_embeddings().weight.element_size()
    return int(num_tokens * config.hidden_size * (config.num_hidden_layers + 1) * element)
