"""What an intervention works with: the backbone, the study's data and recipe, and training.

Owns: what a run's interventions may use and may not exceed: the training mixture, never a benchmark
item. Does not cover: what each of them does with it, loading the backbone, storing results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor

from talan.sham import evaluating
from workers.backbones.adapters import attach_adapter
from workers.backbones.determinism import seed_generators
from workers.backbones.resident import ResidentBackbone
from workers.interventions.attached import Attached
from workers.job.jobs import AdapterSpec
from workers.job.recipe import Recipe
from workers.training.held_out import held_out_examples
from workers.training.sft_data import IGNORED_LABEL, SftExample, collate, plan_batches
from workers.training.training import train


@dataclass
class Bench:
    """One run's workplace.

    Args:
        resident: The backbone, and how it looked when it was loaded.
        adapter: The host's adapter.
        seed: The run's seed.
        recipe: The study's recipe.
        examples: The training mixture, tokenised, in the file's order.
        scratch: A folder for files that nobody keeps.
        join: Joins the processes that train together, for the main training; answers how many.
        num_processes: How many these were.
    """

    resident: ResidentBackbone
    adapter: AdapterSpec
    seed: int
    recipe: Recipe
    examples: Sequence[SftExample]
    scratch: Path
    join: Callable[[], AbstractContextManager[int]] = lambda: nullcontext(1)
    num_processes: int = 1

    @property
    def model(self) -> Any:
        """The backbone itself."""
        return self.resident.model

    @property
    def num_layers(self) -> int:
        """Its decoder blocks."""
        return int(self.model.config.get_text_config().num_hidden_layers)

    @property
    def domains(self) -> list[str]:
        """The domains that the training file names, in alphabetical order."""
        return sorted({one.domain for one in self.examples if one.domain is not None})

    @cached_property
    def held_out(self) -> list[SftExample]:
        """Examples that no step of the recipe sees at this seed.

        Raises:
            DataError: Every example is trained on.
        """
        return held_out_examples(self.examples, recipe=self.recipe, seed=self.seed)

    @cached_property
    def unheld(self) -> list[SftExample]:
        """The examples that are not held out, in the file's order."""
        kept = {id(example) for example in self.held_out_or_none}
        return [example for example in self.examples if id(example) not in kept]

    @property
    def held_out_or_none(self) -> list[SftExample]:
        """The held-out examples; none where every example is trained on."""
        if self.recipe.num_examples_trained_on >= len(self.examples):
            return []
        return self.held_out

    def batches(
        self, examples: Sequence[SftExample] | None = None, *, recipe: Recipe | None = None
    ) -> list[list[SftExample]]:
        """The micro-batches of a training in order; the study's own where nothing is given."""
        return plan_batches(
            self.examples if examples is None else examples,
            recipe=recipe or self.recipe,
            seed=self.seed,
        )

    def attach_adapter(self, **changes: Any) -> PeftModel:
        """The host's adapter, freshly drawn from the seed, with fields of its recipe changed."""
        return attach_adapter(self.model, replace(self.adapter, **changes), seed=self.seed)

    def train(
        self,
        attached: Attached,
        *,
        examples: Sequence[SftExample] | None = None,
        recipe: Recipe | None = None,
        joined: bool = False,
    ) -> tuple[float, ...]:
        """Train what is trainable in an attached intervention; the loss of every step.

        Args:
            attached: What is trained.
            examples: What on; None: the study's examples.
            recipe: How; None: the study's recipe.
            joined: Whether the run's other processes train with this one.
        """
        recipe = recipe or self.recipe
        batches = self.batches(examples, recipe=recipe)
        seed_generators(self.seed)
        with self.join() if joined else nullcontext(1) as num_processes:
            self.num_processes = max(self.num_processes, num_processes)
            return train(
                attached.model,
                batches=batches,
                recipe=recipe,
                seed=self.seed,
                pad_token_id=self.padding_token,
                output_dir=self.scratch,
                callbacks=attached.callbacks(recipe),
                shape_optimizer=attached.shape_optimizer(recipe),
                num_processes=num_processes,
            )

    @torch.no_grad()
    def held_out_loss(self, model: Any) -> float:
        """Mean loss of the assistant's tokens of the held-out examples, nats a token.

        One example at a time: no padding, and no say of one in another's numbers.
        """
        total, count = 0.0, 0
        with evaluating(model):
            for example in self.held_out:
                loss, number = answer_loss(model, example)
                total, count = total + loss, count + number
        return total / count

    def first_batch(self) -> dict[str, Tensor]:
        """The first micro-batch that the recipe trains on, padded, on the backbone's device."""
        return self.padded(self.batches()[0])

    def padded(self, examples: Sequence[SftExample]) -> dict[str, Tensor]:
        """Examples as one batch ``[B, S]`` on the backbone's device."""
        batch: Mapping[str, Tensor] = collate(examples, pad_token_id=self.padding_token)
        return {name: tensor.to(self.model.device) for name, tensor in batch.items()}

    def generator(self, *purpose: object) -> torch.Generator:
        """A generator of its own, seeded from the run's seed and a purpose."""
        text = ":".join(str(part) for part in (self.seed, *purpose))
        digest = hashlib.sha256(text.encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)

    def bare(self, attached: Attached) -> None:
        """Take an intervention off, and prove that nothing of it stayed behind."""
        attached.detach()
        self.resident.restore()

    @property
    def padding_token(self) -> int:
        """What fills short rows; any token will do, since the rows are masked there."""
        tokenizer = self.resident.tokenizer
        token = tokenizer.pad_token_id
        return int(tokenizer.eos_token_id if token is None else token)


def answer_loss(model: Any, example: SftExample) -> tuple[float, int]:
    """The summed loss of an example's answer tokens in nats, and their number."""
    ids = torch.tensor([example.input_ids], device=model.device)
    labels = torch.tensor([example.labels], device=model.device)
    logits = model(input_ids=ids, labels=labels, use_cache=False).logits[0, :-1].double()
    targets = labels[0, 1:]
    spoken = targets != IGNORED_LABEL
    losses = -logits.log_softmax(dim=-1)[spoken, targets[spoken]]
    return float(losses.sum()), int(spoken.sum())
