"""Whether the components of a block are aligned (paper: H.4, Figure 14).

For components a, b of one block, u the right singular vector of Q's largest singular value (the
direction of the stream that Q reads most; its sign is arbitrary):

    |<u_a, u_b>|    and    max_k softmax(w)_k - min_k softmax(w)_k

Owns: both, and the same of 50 blocks with fresh weights. Does not cover: blocks of one component,
and mixers without a query (per_token_mix), of which only the balance is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from talan.block import TalanBlock
from talan.mixers.ensemble import Ensemble
from workers.analyses.hosts import Hosts
from workers.analyses.jobs import RUN
from workers.analyses.slots import fresh_block
from workers.analyses.tables import Table
from workers.errors import ConfigurationError

DRAWS = 50
SCHEMA = pa.schema(
    [
        ("first", pa.int32()),  # -1: of a block with fresh weights
        ("second", pa.int32()),
        ("weights", pa.string()),  # run | fresh
        ("cosine", pa.float64()),
    ]
)


def analyse_components(hosts: Hosts, table: Table, *, seed: int) -> Mapping[str, object]:
    """The summary; every pair of the run's and of the fresh blocks' goes into ``table``."""
    with hosts.attached(RUN) as run:
        block = run.block()
        if not isinstance(block.mixer, Ensemble):
            raise ConfigurationError(
                "this run's block has one component; allowed: blocks of several "
                "(talan: {components: 2})"
            )
        mixture = block.mixer.mixture.double().tolist()
        own = _pairs(block)
        fresh = [
            cosine
            for draw in range(1, DRAWS + 1)
            for *_, cosine in _pairs(fresh_block(run, seed=seed + draw))
        ]
    table.add([_row(a, b, "run", cosine) for a, b, cosine in own])
    table.add([_row(-1, -1, "fresh", cosine) for cosine in fresh])
    values = torch.tensor([cosine for *_, cosine in own], dtype=torch.float64)
    drawn = torch.tensor(fresh, dtype=torch.float64)
    return {
        "components": len(mixture),
        "mixture": mixture,
        "imbalance": max(mixture) - min(mixture),
        "cosine_mean": float(values.mean()) if own else None,
        "cosine_max": float(values.max()) if own else None,
        "fresh_mean": float(drawn.mean()) if fresh else None,
        "fresh_high": float(drawn.quantile(0.95)) if fresh else None,
        "reason": None if own else "per_token_mix has no query: only the mixture is there",
    }


def _pairs(block: TalanBlock) -> list[tuple[int, int, float]]:
    assert isinstance(block.mixer, Ensemble)
    queries = [_query(component) for component in block.mixer.components]
    tops = [
        torch.linalg.svd(query.detach().double(), full_matrices=False).Vh[0]
        for query in queries
        if query is not None
    ]
    return [
        (a, b, float(torch.dot(tops[a], tops[b]).abs()))
        for a, b in combinations(range(len(tops)), 2)
    ]


def _query(component: Any) -> Tensor | None:
    """The weight that reads queries, [k, d]."""
    if hasattr(component, "in_proj_weight"):
        packed: Tensor = component.in_proj_weight
        return packed[: component.inner]
    holder = getattr(component, "cross", component)
    projection = getattr(holder, "query", None)
    return None if projection is None else projection.weight


def _row(a: int, b: int, weights: str, cosine: float) -> dict[str, Any]:
    return {"first": a, "second": b, "weights": weights, "cosine": cosine}
