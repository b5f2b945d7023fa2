"""Choosing the examples that stand for all: facility location, by lazy greedy.

    f(S) = sum_i max_{j in S} U_ij,    U >= 0,    S of k columns

f is monotone and submodular, so taking the column of the largest gain k times is within 1 - 1/e of
the best (Nemhauser, Wolsey and Fisher, 1978); since gains only shrink, a column is looked at again
only while its last gain leads (Minoux, 1978).

Owns: the choice, from a matrix. Does not cover: where utilities come from.
"""

from __future__ import annotations

import heapq

import torch
from torch import Tensor


def facility_location(utility: Tensor, *, count: int) -> list[int]:
    """The chosen columns in the order in which they were taken; equal gains go by number.

    Args:
        utility: U ``[rows, columns]``, no value below 0.
        count: How many columns, at most all.
    """
    covered = torch.zeros(utility.shape[0], dtype=utility.dtype)
    heap = [(-float(gain), column) for column, gain in enumerate(utility.sum(dim=0))]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < count:
        _, column = heapq.heappop(heap)
        gain = float((utility[:, column] - covered).clamp(min=0).sum())
        if heap and (-gain, column) > heap[0]:
            heapq.heappush(heap, (-gain, column))
            continue
        chosen.append(column)
        covered = torch.maximum(covered, utility[:, column])
    return chosen
