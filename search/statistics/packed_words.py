"""Rows of yes and no as words of 64 bits, so that numpy compares 64 of them at once.

Owns: the packing. Does not cover: packed outcomes on record (``storage.packing``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Words = NDArray[np.uint64]


def packed_words(bits: ArrayLike) -> Words:
    """The last axis as 64-bit words, zeros behind the last bit."""
    packed = np.packbits(np.asarray(bits, dtype=bool), axis=-1)
    words = np.zeros((*packed.shape[:-1], -(-packed.shape[-1] // 8)), dtype=np.uint64)
    words.view(np.uint8)[..., : packed.shape[-1]] = packed
    return words
