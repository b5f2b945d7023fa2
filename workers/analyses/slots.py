"""What the slots attend to (paper: Eq. 2, 3).

For the assignments A [S, T] of a prompt's tokens:

    entropy    mean over tokens of -sum_t A log A, divided by log T: 1 is indifferent, 0 is decided
    share      mean over tokens of A, by slot
    memories   cosines between a prompt's memories z_t, mean over pairs and prompts
    gate       what multiplies H: mean and spread over tokens and dimensions

Owns: these, and the same of a block with fresh weights on the same tokens. Collapse is flagged
where one slot has at least 95% of the share (our choice). Does not cover: what a slot stands for.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from talan.backbones import causal_model
from talan.block import TalanBlock
from talan.seeding import draw_weights, make_generator
from talan.writebacks import GateWriteback
from workers.analyses.hosts import Attached, Hosts
from workers.analyses.items import AnalysedItem
from workers.analyses.jobs import RUN
from workers.analyses.streams import see_streams
from workers.analyses.tables import Table

COLLAPSED_SHARE = 0.95
TRAINED, FRESH = "run", "fresh"
SCHEMA = pa.schema(
    [
        ("benchmark", pa.string()),
        ("item_id", pa.string()),
        ("weights", pa.string()),  # run | fresh
        ("entropy", pa.float64()),
        ("shares", pa.list_(pa.float64())),
        ("memory_cosine", pa.float64()),
        ("gate_mean", pa.float64()),
    ]
)


@dataclass
class _Sums:
    """Over tokens and prompts."""

    slots: int
    entropy: float = 0.0
    tokens: int = 0
    memory: float = 0.0
    prompts: int = 0
    gate: float = 0.0
    gate_squares: float = 0.0
    gates: int = 0
    shares: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.shares = torch.zeros(self.slots, dtype=torch.float64)

    def summary(self) -> dict[str, Any]:
        shares = (self.shares / self.tokens).tolist()
        mean = self.gate / self.gates
        return {
            "entropy": self.entropy / self.tokens if self.slots > 1 else None,
            "shares": shares,
            "memory_cosine": self.memory / self.prompts if self.slots > 1 else None,
            "gate_mean": mean,
            "gate_std": math.sqrt(max(self.gate_squares / self.gates - mean * mean, 0.0)),
            "collapsed": self.slots > 1 and max(shares) >= COLLAPSED_SHARE,
        }


def analyse_slots(
    hosts: Hosts, items: Sequence[AnalysedItem], table: Table, *, seed: int
) -> Mapping[str, object]:
    """The summary of the run's weights and of fresh ones; each prompt goes into ``table``."""
    with hosts.attached(RUN) as run:
        block = run.block()
        sums = {name: _Sums(run.side_path.config.slots) for name in (TRAINED, FRESH)}
        fresh = fresh_block(run, seed=seed + 1)
        for item in items:
            seen = _block_inputs(run, block, item)
            for name, weights in ((TRAINED, block), (FRESH, fresh)):
                table.add([_row(item, name, _look(weights, seen), sums[name])])
    return {**sums[TRAINED].summary(), "fresh": sums[FRESH].summary(), "num_items": len(items)}


def fresh_block(run: Attached, *, seed: int) -> TalanBlock:
    """A block like the run's, as it is drawn from a seed."""
    block = copy.deepcopy(run.block())
    width = causal_model(run.model).config.hidden_size
    draw_weights(block, make_generator(run.side_path.config, seed=seed, hidden_size=width))
    return block


def _block_inputs(run: Attached, block: TalanBlock, item: AnalysedItem) -> Tensor:
    """What enters the block on a prompt, [1, S, d]."""
    seen: list[Tensor] = []
    hook = block.register_forward_pre_hook(lambda _, args: seen.append(args[0].clone()))
    try:
        see_streams(run.model, item.prompt, lambda *_: None, num_prompt=len(item.prompt))
    finally:
        hook.remove()
    return seen[0]


@dataclass(frozen=True)
class _Look:
    """Assignments [S, T], memories of the whole prompt [T, d], gate values."""

    assignment: Tensor
    memory: Tensor
    gate: Tensor


@contextmanager
def _mixed(block: TalanBlock) -> Iterator[list[Tensor]]:
    """What goes into and comes out of the writeback: x and h."""
    found: list[Tensor] = []
    hook = block.writeback.register_forward_pre_hook(lambda _, args: found.extend(args))
    try:
        yield found
    finally:
        hook.remove()


def _look(block: TalanBlock, x: Tensor) -> _Look:
    work = x.to(next(block.parameters()).dtype)
    with _mixed(block) as found:
        block(x)
    gate = (
        block.writeback.gate(*found[:2])
        if isinstance(block.writeback, GateWriteback)
        else block.writeback.alpha
    )
    assignment = block.summarizer.assign(work)[0].double()
    memory = (assignment.T @ work[0].double()) / (assignment.sum(dim=0).unsqueeze(1) + 1e-6)
    assert isinstance(gate, Tensor)
    combined = block.summarizer.combine(memory.to(work.dtype)).double()
    return _Look(assignment.cpu(), combined.cpu(), gate.double().cpu())


def _row(item: AnalysedItem, name: str, look: _Look, sums: _Sums) -> dict[str, Any]:
    entropies = -torch.xlogy(look.assignment, look.assignment).sum(dim=-1)
    if sums.slots > 1:
        entropies = entropies / math.log(sums.slots)
    memory = _mean_cosine(look.memory)
    sums.entropy += float(entropies.sum())
    sums.tokens += len(entropies)
    sums.shares += look.assignment.sum(dim=0)
    sums.memory += memory or 0.0
    sums.prompts += 1
    sums.gate += float(look.gate.sum())
    sums.gate_squares += float((look.gate * look.gate).sum())
    sums.gates += look.gate.numel()
    return {
        "benchmark": item.benchmark,
        "item_id": item.item_id,
        "weights": name,
        "entropy": float(entropies.mean()),
        "shares": look.assignment.mean(dim=0).tolist(),
        "memory_cosine": memory,
        "gate_mean": float(look.gate.mean()),
    }


def _mean_cosine(memory: Tensor) -> float | None:
    """Mean cosine between different rows; None for one."""
    number = len(memory)
    if number < 2:
        return None
    unit = torch.nn.functional.normalize(memory, dim=-1)
    total = float((unit @ unit.T).sum()) - float((unit * unit).sum())
    return total / (number * (number - 1))
