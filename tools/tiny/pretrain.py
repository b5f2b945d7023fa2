"""Train the embedded backbone from scratch: `python -m tools.tiny.pretrain`.

Owns the architecture, the curriculum and the seed of `talan/assets/tiny-qwen3`. One thread, so
that the same machine type writes the same weights again. The backbone is left
half-trained on purpose, and it knows two ways to answer (`Problem.worked`, `Problem.terse`): what
fine-tuning then changes is to be seen in the scores.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import sqrt
from pathlib import Path
from random import Random

import torch
from torch.optim import AdamW, Muon, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from tools.tiny import drills
from tools.tiny.data import pretrain_problems
from tools.tiny.drills import Drill
from tools.tiny.tokenizer import END_OF_TEXT, END_OF_TURN, as_prompt, build_tokenizer

FOLDER = Path(__file__).resolve().parents[2] / "talan" / "assets" / "tiny-qwen3"
MAX_LENGTH = 512
IGNORED = -100


@dataclass(frozen=True)
class Pretraining:
    """The curriculum.

    Attributes:
        num_steps: Optimizer steps.
        batch_size: Texts per step.
        learning_rate: Of the embedding and the norms (AdamW).
        matrix_learning_rate: Of the layers' matrices (Muon).
        num_warmup_steps: With rising rates.
        num_level_steps: After which the rates fall.
        worked_share: Of the answers, in the style that fine-tuning teaches.
        drill_share: Of the texts, drills and not conversations.
        seed: Of the weights and of every draw.
    """

    num_steps: int = 1050
    batch_size: int = 32
    learning_rate: float = 4e-3
    matrix_learning_rate: float = 0.012
    num_warmup_steps: int = 60
    num_level_steps: int = 300
    worked_share: float = 0.85
    drill_share: float = 0.5
    seed: int = 1


def build_model(tokenizer: PreTrainedTokenizerFast, *, seed: int) -> Qwen3ForCausalLM:
    """Return the untrained backbone: Qwen3, 6 layers, width 128, about a million parameters."""
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=320,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=MAX_LENGTH,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    return Qwen3ForCausalLM(config)


def train(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, plan: Pretraining
) -> Iterator[float]:
    """Train in place; yield the loss of every step."""
    optimizers = _optimizers(model, plan)
    schedules = [LambdaLR(optimizer, lambda step: _rate(step, plan)) for optimizer in optimizers]
    model.train()
    for batch in islice(_batches(tokenizer, plan), plan.num_steps):
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
        model.zero_grad()
        yield loss.item()


def _optimizers(model: Qwen3ForCausalLM, plan: Pretraining) -> tuple[Optimizer, Optimizer]:
    """Muon for the matrices of the layers, AdamW for the embedding and the norms."""
    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if all(p is not m for m in matrices)]
    return (
        Muon(matrices, lr=plan.matrix_learning_rate, weight_decay=0.0),
        AdamW(others, lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=0.0),
    )


def _rate(step: int, plan: Pretraining) -> float:
    """Linear warm-up, then level, then falling with the square root of the step."""
    warm_up = (step + 1) / plan.num_warmup_steps
    return min(1.0, warm_up, sqrt(plan.num_level_steps / max(step, 1)))


def _batches(
    tokenizer: PreTrainedTokenizerFast, plan: Pretraining
) -> Iterator[dict[str, torch.Tensor]]:
    """Yield batches of about equal length: pools of texts, sorted, cut, shuffled."""
    texts, rng = _texts(plan), Random(f"batches {plan.seed}")
    while True:
        pool = [_encode(text, tokenizer) for text in islice(texts, 16 * plan.batch_size)]
        pool.sort(key=lambda pair: len(pair[0]))
        cuts = [pool[i : i + plan.batch_size] for i in range(0, len(pool), plan.batch_size)]
        rng.shuffle(cuts)
        yield from (_collate(cut, pad=tokenizer.pad_token_id) for cut in cuts)


def _texts(plan: Pretraining) -> Iterator[Drill]:
    """Draw conversations and drills, as segments that are to be predicted or not."""
    problems, rng = pretrain_problems(plan.seed), Random(f"texts {plan.seed}")
    while True:
        if rng.random() < plan.drill_share:
            yield [*drills.draw(rng), (END_OF_TEXT, True)]
        else:
            problem = next(problems)
            answer = problem.worked if rng.random() < plan.worked_share else problem.terse
            yield [(as_prompt(problem.prompt), False), (answer + END_OF_TURN, True)]


def _encode(text: Drill, tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[int]]:
    ids: list[int] = []
    labels: list[int] = []
    for part, is_wanted in text:
        tokens = tokenizer(part)["input_ids"]
        ids += tokens
        labels += tokens if is_wanted else [IGNORED] * len(tokens)
    return ids, labels


def _collate(pairs: list[tuple[list[int], list[int]]], *, pad: int) -> dict[str, torch.Tensor]:
    longest = max(len(ids) for ids, _ in pairs)
    # Padding is on the right and never a label: causal attention needs no mask.
    return {
        "input_ids": torch.tensor([ids + [pad] * (longest - len(ids)) for ids, _ in pairs]),
        "labels": torch.tensor([row + [IGNORED] * (longest - len(row)) for _, row in pairs]),
    }


def main() -> None:
    """Train and write the backbone's folder."""
    parser = argparse.ArgumentParser(description="Train the embedded tiny-qwen3 backbone.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--steps", type=int, default=Pretraining.num_steps)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    plan = Pretraining(num_steps=arguments.steps)
    tokenizer = build_tokenizer(MAX_LENGTH)
    model = build_model(tokenizer, seed=plan.seed)
    for step, loss in enumerate(train(model, tokenizer, plan), start=1):
        if step % 50 == 0 or step == plan.num_steps:
            print(f"step {step}/{plan.num_steps}  loss {loss:.3f}", flush=True)
    model.save_pretrained(arguments.folder)
    tokenizer.save_pretrained(arguments.folder)


if __name__ == "__main__":
    main()
