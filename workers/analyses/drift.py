"""How far each tensor of the block has moved (paper: Table 13, H.1).

    rel_dist(a, b) = |a - b|_2 / max(|a|, |b|), 0 where both are 0

Exact drift is the distance from the run's own first weights, drawn again from its seed. The paper's
is the distance from a fresh draw: about sqrt(2) for a random tensor, moved or not, so that only
tensors with a fixed start could tell. Verdict: TRAINED where any tensor but a key bias has moved by
more than the noise floor, the spacing of numbers of the weights' dtype; else FROZEN.

Key biases are listed apart: softmax over slots does not change when every key is shifted by the
same vector, their gradient is exactly 0, and Adam moves them on rounding.

Owns: this table. Does not cover: the adapter's weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from workers.analyses.hosts import Hosts
from workers.analyses.jobs import RUN
from workers.analyses.slots import fresh_block
from workers.analyses.tables import Table

FRESH_SEED = 0  # the paper's torch.manual_seed(0)
SCHEMA = pa.schema(
    [
        ("tensor", pa.string()),
        ("kind", pa.string()),  # random | fixed | key_bias
        ("numbers", pa.int64()),
        ("drift", pa.float64()),
        ("distance", pa.float64()),
        ("from_fresh", pa.float64()),
        ("moved", pa.bool_()),
    ]
)
_NOT_REDRAWN = (
    "the study began with another draw of the first weights, which this version cannot make: only "
    "the distance from a fresh draw is shown"
)


def analyse_drift(hosts: Hosts, table: Table, *, seed: int, redrawn: bool) -> Mapping[str, object]:
    """The summary with all tensors."""
    with hosts.attached(RUN) as run:
        saved = dict(_tensors(run.block().state_dict()))
        first = dict(_tensors(fresh_block(run, seed=seed).state_dict()))
        fresh_seed = FRESH_SEED if seed != FRESH_SEED else FRESH_SEED + 1
        fresh = dict(_tensors(fresh_block(run, seed=fresh_seed).state_dict()))
        floor = float(torch.finfo(next(run.block().parameters()).dtype).eps)
        trainability = run.side_path.config.trainability
    rows = [
        {"tensor": name, "kind": _kind(name, first[name], fresh[name])}
        | _distances(saved[name], first[name] if redrawn else None, fresh[name], floor)
        for name in saved
    ]
    table.add(rows)
    return {
        "verdict": _verdict(rows) if redrawn else None,
        "scope": trainability.scope,
        "noise_floor": floor,
        "tensors": [row for row in rows if row["kind"] != "key_bias"],
        "key_biases": [row for row in rows if row["kind"] == "key_bias"],
        "random_fresh_looking": _count(rows, "random", lambda row: row["from_fresh"] > 1.2),
        "fixed_moved": _count(rows, "fixed", lambda row: bool(row["moved"])),
        "reason": None if redrawn else _NOT_REDRAWN,
    }


def relative_distance(a: Tensor, b: Tensor) -> float:
    """rel_dist of two tensors of one shape."""
    a, b = a.double(), b.double()
    largest = max(float(a.norm()), float(b.norm()))
    return float((a - b).norm()) / largest if largest else 0.0


def _tensors(state: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Every tensor; the packed bias of q, k and v in its three parts."""
    for name, tensor in state.items():
        if name.endswith("in_proj_bias"):
            for part, values in zip("qkv", tensor.chunk(3), strict=True):
                yield f"{name}[{part}]", values
        else:
            yield name, tensor


def _kind(name: str, first: Tensor, fresh: Tensor) -> str:
    """What two draws have in common is no draw: alpha, ones, zeros."""
    if name.endswith(("key.bias", "in_proj_bias[k]")):
        return "key_bias"
    return "fixed" if torch.equal(first, fresh) else "random"


def _distances(saved: Tensor, first: Tensor | None, fresh: Tensor, floor: float) -> dict[str, Any]:
    drift = None if first is None else relative_distance(saved, first)
    return {
        "numbers": saved.numel(),
        "drift": drift,
        "distance": None if first is None else float((saved.double() - first.double()).norm()),
        "from_fresh": relative_distance(saved, fresh),
        "moved": None if drift is None else drift > floor,
    }


def _verdict(rows: list[dict[str, Any]]) -> str:
    moved = any(row["moved"] for row in rows if row["kind"] != "key_bias")
    return "TRAINED" if moved else "FROZEN"


def _count(rows: list[dict[str, Any]], kind: str, is_so: Any) -> list[int]:
    of_kind = [row for row in rows if row["kind"] == kind]
    return [sum(1 for row in of_kind if is_so(row)), len(of_kind)]
