"""Whether the block's change is one constant direction or depends on the text (paper: 5.1).

Delta_i = x_l(block on) - x_l(block off), token i, at the block's layer, on prompts:

    m_b   = mean of Delta_i over the tokens of benchmark b; cosines between the m_b
    share = sum_i <Delta_i, m / |m|>^2 / sum_i |Delta_i|^2, m the mean over all tokens

A share of 1 is a constant bias, 1 / d is what directions without a common part give.

Owns: these, and the mean cosine between benchmarks under shuffled labels (items keep their tokens
and change places). Does not cover: whether a domain is what a benchmark asks about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from workers.analyses.hosts import Attached, Hosts
from workers.analyses.items import AnalysedItem
from workers.analyses.jobs import RUN
from workers.analyses.streams import kept_streams
from workers.analyses.tables import Table

SHUFFLES, SHUFFLE_SEED = 200, 0
SCHEMA = pa.schema(
    [
        ("benchmark", pa.string()),
        ("item_id", pa.string()),
        ("num_tokens", pa.int32()),
        ("mean_norm", pa.float64()),
        ("mean_change", pa.list_(pa.float64())),
    ]
)


def analyse_domains(
    hosts: Hosts, items: Sequence[AnalysedItem], table: Table
) -> Mapping[str, object]:
    """The summary; each item's mean change goes into ``table``.

    What is kept of an item is d numbers, whatever its length.
    """
    sums, counts = [], []
    squares = 0.0
    second: Tensor | None = None
    with hosts.attached(RUN) as run:
        run.block()
        for item in items:
            change = block_change(run, item)
            total = change.sum(dim=0)
            sums.append(total)
            counts.append(len(change))
            squares += float((change * change).sum())
            outer = change.T @ change  # [d, d], for the share along a mean that is known at the end
            second = outer if second is None else second + outer
            table.add([_row(item, change, total)])
    return _summary([item.benchmark for item in items], torch.stack(sums), counts, squares, second)


def block_change(run: Attached, item: AnalysedItem) -> Tensor:
    """Delta [S, d] of an item's prompt, in float64."""
    layer = int(run.layer or 0)
    on = kept_streams(run.model, item.prompt, num_prompt=len(item.prompt))[layer]
    with run.block_off():
        off = kept_streams(run.model, item.prompt, num_prompt=len(item.prompt))[layer]
    return on.double().cpu() - off.double().cpu()


def _row(item: AnalysedItem, change: Tensor, total: Tensor) -> dict[str, Any]:
    return {
        "benchmark": item.benchmark,
        "item_id": item.item_id,
        "num_tokens": len(change),
        "mean_norm": float(change.norm(dim=-1).mean()),
        "mean_change": (total / len(change)).tolist(),
    }


def _summary(
    labels: Sequence[str],
    sums: Tensor,
    counts: Sequence[int],
    squares: float,
    second: Tensor | None,
) -> dict[str, Any]:
    names = list(dict.fromkeys(labels))
    places = torch.tensor([names.index(label) for label in labels])
    weights = torch.tensor(counts, dtype=torch.float64)
    cosines = _cosines(sums, weights, places, len(names))
    total = sums.sum(dim=0)
    share = None
    if squares and second is not None and float(total.norm()):
        unit = total / total.norm()
        share = float(unit @ second @ unit) / squares
    shuffled = _shuffled(sums, weights, places, len(names))
    pairs = list(combinations(range(len(names)), 2))
    return {
        "benchmarks": names,
        "cosines": cosines.tolist() if cosines is not None else None,
        "mean_cosine": _mean_pair(cosines),
        "lowest_cosine": (
            min(float(cosines[a, b]) for a, b in pairs) if cosines is not None and pairs else None
        ),
        "shuffled_low": shuffled[0] if shuffled else None,
        "shuffled_high": shuffled[1] if shuffled else None,
        "share_along_mean": share,
        "random_share": 1 / sums.shape[1],
        "num_items": len(labels),
        "reason": None if squares else "the block changes nothing",
    }


def _cosines(sums: Tensor, weights: Tensor, places: Tensor, number: int) -> Tensor | None:
    """Cosines between the benchmarks' mean changes, [b, b]; None where one has none."""
    means = torch.zeros(number, sums.shape[1], dtype=torch.float64).index_add(0, places, sums)
    tokens = torch.zeros(number, dtype=torch.float64).index_add(0, places, weights)
    means = means / tokens.unsqueeze(1)
    norms = means.norm(dim=1)
    if bool((norms == 0).any()):
        return None
    return (means @ means.T) / torch.outer(norms, norms)


def _mean_pair(cosines: Tensor | None) -> float | None:
    if cosines is None or len(cosines) < 2:
        return None
    pairs = [float(cosines[a, b]) for a, b in combinations(range(len(cosines)), 2)]
    return sum(pairs) / len(pairs)


def _shuffled(
    sums: Tensor, weights: Tensor, places: Tensor, number: int
) -> tuple[float, float] | None:
    """The 5% and the 95% point of the mean cosine under shuffled labels."""
    generator = torch.Generator().manual_seed(SHUFFLE_SEED)
    found = []
    for _ in range(SHUFFLES):
        order = torch.randperm(len(places), generator=generator)
        mean = _mean_pair(_cosines(sums, weights, places[order], number))
        if mean is None:
            return None
        found.append(mean)
    low, high = torch.tensor(found, dtype=torch.float64).quantile(
        torch.tensor([0.05, 0.95], dtype=torch.float64)
    )
    return float(low), float(high)
