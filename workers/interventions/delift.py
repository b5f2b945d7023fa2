"""DELIFT: fine-tuning on the examples that help others most as one-shot examples.

    U_ij = d_i - d_i|j,    d = |p(y|x) - 1|_2 / sqrt(|y|)

p(y|x) are the backbone's probabilities of the tokens of answer y, teacher-forced; d_i|j has example
j before the prompt of i. arXiv 2411.04425, Eq. 1 and Algorithm 1: utilities are brought to [0, 1]
by their least and largest, and facility location chooses.

Owns: utilities and the choice of examples; training is the adapter's, for the recipe's steps. Our
choices: rows are anchors, drawn from every domain in proportion, in place of all n examples; an
example has no utility for itself.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from talan.sham import evaluating
from workers.backbones.adapters import lora_config
from workers.interventions.adapted import Adapted
from workers.interventions.bench import Bench
from workers.interventions.facility_location import facility_location
from workers.interventions.settings import is_number, require, require_whole
from workers.interventions.tuner import Tuner
from workers.training.sft_data import IGNORED_LABEL, SftExample

_ROWS = 32  # anchors of one forward pass


@dataclass(frozen=True, kw_only=True)
class Delift(Tuner):
    """The host's adapter, trained on a chosen share of the mixture.

    Args:
        fraction: The share that is trained on.
        anchors: Examples whose answers the utilities are measured on.
    """

    method: ClassVar[str] = "delift"
    source: ClassVar[str] = "arXiv 2411.04425"
    null: ClassVar[str] = "a random subset of that size"
    unmatched: ClassVar[tuple[str, ...]] = (
        "It is trained for the recipe's steps on fewer examples, so that it sees each more often.",
        "Utilities are measured on anchors from every domain instead of on all pairs.",
    )

    fraction: float = 0.3
    anchors: int = 250

    def __post_init__(self) -> None:
        """Check share and anchors.

        Raises:
            MethodError: A value is not allowed.
        """
        super().__post_init__()
        ok = is_number(self.fraction) and 0 < self.fraction <= 1
        require(self.method, "fraction", self.fraction, ok=ok, allowed="above 0 and at most 1")
        require_whole(self.method, "anchors", self.anchors)

    def config(self, bench: Bench) -> Any:
        """The host's adapter."""
        return lora_config(bench.adapter)

    def prepare(self, bench: Bench) -> list[SftExample]:
        """The chosen examples, in the file's order; of the null, as many drawn at random."""
        pool = bench.unheld
        count = max(1, round(self.fraction * len(pool)))
        if self.is_null:
            order = torch.randperm(len(pool), generator=bench.generator(self.method, "null"))
            return [pool[number] for number in sorted(order[:count].tolist())]
        anchors = stratified(pool, count=self.anchors, generator=bench.generator(self.method))
        with evaluating(bench.model):
            utility = utilities(bench, pool=pool, anchors=anchors)
        chosen = facility_location(rescaled(utility, anchors=anchors), count=count)
        return [pool[number] for number in sorted(chosen)]

    def examples(self, bench: Bench, prepared: Any) -> Sequence[SftExample]:
        """The chosen ones."""
        del bench
        chosen: Sequence[SftExample] = prepared
        return chosen

    def attach(self, bench: Bench, prepared: Any) -> Adapted:
        """Put the adapter on; how many examples were chosen goes on record."""
        attached = super().attach(bench, prepared)
        attached.noted = {"examples": len(prepared), "of": len(bench.unheld)}
        return attached


def stratified(pool: Sequence[SftExample], *, count: int, generator: torch.Generator) -> list[int]:
    """Numbers of examples from every domain in proportion to its size, by largest remainder."""
    by_domain: dict[str, list[int]] = {}
    for number, example in enumerate(pool):
        by_domain.setdefault(example.domain or "", []).append(number)
    total = min(count, len(pool))
    exact = {name: total * len(numbers) / len(pool) for name, numbers in by_domain.items()}
    shares = {name: int(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (shares[name] - exact[name], name))
    for name in by_remainder[: total - sum(shares.values())]:
        shares[name] += 1
    taken: list[int] = []
    for name in sorted(by_domain):
        numbers = by_domain[name]
        order = torch.randperm(len(numbers), generator=generator)[: shares[name]]
        taken += [numbers[place] for place in order.tolist()]
    return sorted(taken)


@torch.no_grad()
def utilities(bench: Bench, *, pool: Sequence[SftExample], anchors: Sequence[int]) -> Tensor:
    """U ``[anchors, pool]``: how much nearer to certain an anchor's answer is after an example."""
    groups = [
        [pool[number] for number in anchors[start : start + _ROWS]]
        for start in range(0, len(anchors), _ROWS)
    ]
    batches = [bench.padded(group) for group in groups]
    alone = torch.cat([_distances(bench.model, batch) for batch in batches])
    columns = [alone - _after(bench, example, batches) for example in pool]
    return torch.stack(columns, dim=1)


def rescaled(utility: Tensor, *, anchors: Sequence[int]) -> Tensor:
    """Utilities between 0 and 1 by their least and largest; of an anchor for itself 0."""
    low, high = utility.min(), utility.max()
    scaled = (utility - low) / (high - low) if high > low else torch.zeros_like(utility)
    scaled[torch.arange(len(anchors)), torch.tensor(anchors)] = 0.0
    return scaled


def distance(probabilities: Tensor) -> Tensor:
    """D = |p - 1|_2 / sqrt(|y|) of the probabilities of an answer's tokens."""
    return (1 - probabilities).pow(2).mean().sqrt()


def _after(bench: Bench, example: SftExample, batches: Sequence[dict[str, Tensor]]) -> Tensor:
    """Distances of all anchors with an example before them, which is read once."""
    ids = torch.tensor([example.input_ids], device=bench.model.device)
    read = bench.model(input_ids=ids, use_cache=True).past_key_values
    found = []
    for batch in batches:
        rows = batch["input_ids"].shape[0]
        cache = copy.deepcopy(read)
        cache.batch_repeat_interleave(rows)
        before = torch.ones(rows, ids.shape[1], dtype=torch.long, device=ids.device)
        mask = torch.cat([before, batch["attention_mask"]], dim=1)
        seen = {**batch, "attention_mask": mask}
        found.append(_distances(bench.model, seen, past_key_values=cache))
    return torch.cat(found)


def _distances(model: Any, batch: dict[str, Tensor], **cached: Any) -> Tensor:
    """D of every row's answer, float64 ``[B]``."""
    labels = batch["labels"]
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    logits = model(**inputs, **cached).logits[:, :-1].double()
    targets = labels[:, 1:]
    log_probs = logits.log_softmax(dim=-1)
    chosen = log_probs.gather(-1, targets.clamp(min=0).unsqueeze(-1))[..., 0]
    spoken = targets != IGNORED_LABEL
    rows = [distance(row[said].exp()) for row, said in zip(chosen, spoken, strict=True)]
    return torch.stack(rows).cpu()
