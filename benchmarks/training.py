"""Training tokens a second: padded batches and packed ones.

Two mixes of example lengths on the embedded backbone: the tiny suite's own (a short drill is as
long as the next), and a synthetic long tail (log-normal, as chats are: most are short, a few fill
the window). The ways are taken in turn in every round, so that a noisy machine hits all of them
alike; a token is one of an example, padding is none. CPU seconds of the process, not wall
(``gpu/training.py`` measures a real shape by the clock).

    .venv/bin/python benchmarks/training.py [--steps 6] [--rounds 3] [--mix tiny long-tail]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from devices import clock
from report import report
from transformers import TrainerCallback

from talan import TalanConfig, attach
from workers.backbones.adapters import attach_adapter
from workers.backbones.loading import load_backbone
from workers.job.jobs import AdapterSpec
from workers.job.recipe import Recipe
from workers.run.process import prepare_process
from workers.suites.registry import get_suite
from workers.training.sft_data import (
    IGNORED_LABEL,
    SftExample,
    plan_batches,
    read_conversations,
    tokenise,
)
from workers.training.training import train

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")
ADAPTER = AdapterSpec("lora", r=8, alpha=16, target_modules=TARGETS)
AXES: dict[str, Any] = {
    "layer": 1,
    "slots": 2,
    "mixer": "multihead_local",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
    "trainability": {"scope": "all"},
    "gradient_scale": 500.0,
}
LONGEST = 512
MIXES = ("tiny", "long-tail", "long-tail-sorted")


def recipe_of(mix: str, *, steps: int) -> Recipe:
    """The tiny suite's; the long tail in steps of 16 examples, in one pass or sorted in four."""
    recipe = get_suite("tiny").recipe.replace(max_steps=steps)
    if mix == "long-tail-sorted":
        return recipe.replace(batch_size=4, gradient_accumulation=4)
    return recipe


def examples_of(mix: str) -> list[SftExample]:
    """Tokenised examples, or random ones of long-tailed lengths."""
    if mix == "tiny":
        _, tokenizer = load_backbone("tiny-qwen3")
        said = read_conversations(get_suite("tiny").train_file, num_examples=640)
        return tokenise(said, tokenizer=tokenizer, max_length=256)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.empty(640).log_normal_(mean=4.2, std=0.9, generator=generator)
    return [_random_example(int(x), generator) for x in drawn.clamp(8, LONGEST)]


def _random_example(length: int, generator: torch.Generator) -> SftExample:
    ids = torch.randint(7, 100, (length,), generator=generator).tolist()
    return SftExample(tuple(ids), (IGNORED_LABEL,) * 4 + tuple(ids[4:]))


class Clock(TrainerCallback):
    """Seconds at every step's begin, and at the end."""

    def __init__(self, device: str) -> None:
        self.readings: list[float] = []
        self._device = device

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.readings.append(clock(self._device))

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.readings.append(clock(self._device))


def embedded() -> Any:
    """The backbone that comes with the package."""
    return load_backbone("tiny-qwen3")[0]


def seconds_of(
    batches: Sequence[Sequence[SftExample]],
    *,
    recipe: Recipe,
    talan: bool,
    fresh: Callable[[], Any],
) -> float:
    """Seconds of all steps."""
    adapted = attach_adapter(fresh(), ADAPTER, seed=0)
    block = attach(adapted, TalanConfig.from_axes(AXES), seed=0) if talan else None
    readings = Clock(adapted.device.type)
    with tempfile.TemporaryDirectory() as folder:
        train(
            adapted,
            batches=batches,
            recipe=recipe,
            seed=0,
            pad_token_id=0,
            output_dir=Path(folder),
            callbacks=[*([block.trainer_callback()] if block else []), readings],
        )
    return readings.readings[-1] - readings.readings[0]


def measure(
    mix: str,
    *,
    steps: int,
    rounds: int,
    talan: bool,
    fresh: Callable[[], Any] = embedded,
    dtype: str = "float32",
) -> dict[str, Any]:
    """Padded and packed in turn: tokens a second, medians over the rounds."""
    examples, recipe = examples_of(mix), recipe_of(mix, steps=steps).replace(dtype=dtype)
    batches = plan_batches(examples, recipe=recipe, seed=0)
    tokens = sum(len(example.input_ids) for batch in batches for example in batch)
    computed = sum(len(b) * max(len(example.input_ids) for example in b) for b in batches)
    rates: dict[str, list[float]] = {"padded": [], "packed": []}
    for _ in range(1 + rounds):
        for way, found in rates.items():
            chosen = recipe.replace(batching=way)
            found.append(tokens / seconds_of(batches, recipe=chosen, talan=talan, fresh=fresh))
    rates = {way: found[1:] for way, found in rates.items()}  # the first finds memory and kernels
    ratios = [b / a for a, b in zip(*rates.values(), strict=True)]
    return {
        "mix": mix,
        "host": "lora + talan" if talan else "lora",
        "batch": f"{recipe.gradient_accumulation} x {recipe.batch_size}",
        "padding_share": 1 - tokens / computed,
        "padded_tokens_per_s": statistics.median(rates["padded"]),
        "packed_tokens_per_s": statistics.median(rates["packed"]),
        "packed_over_padded": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
    }


def main() -> None:
    """Measure the mixes asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mix", nargs="+", default=list(MIXES), choices=MIXES)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    prepare_process()
    rows = [
        measure(mix, steps=options.steps, rounds=options.rounds, talan=talan)
        for mix in options.mix
        for talan in (False, True)
    ]
    report("training", rows=rows, threads=1, steps=options.steps)


if __name__ == "__main__":
    main()
