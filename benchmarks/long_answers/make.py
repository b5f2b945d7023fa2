"""A suite whose answers are long, and a backbone that is right about half of the time.

Two benchmarks of worked arithmetic, every step a line: the last digit of a sum of 14 to 16 named
digits, and of a ledger of as many gains and losses. One wrong step is a wrong answer. The backbone
is the embedded one, trained further on both for a few CPU minutes; it is left half-trained on
purpose. Everything follows from the seeds.

    nice .venv/bin/python benchmarks/long_answers/make.py      # train.jsonl and backbone/
    .venv/bin/python benchmarks/long_answers/make.py --items   # items/, which are kept here
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.tiny.tokenizer import END_OF_TURN, as_prompt
from workers.backbones.inspection import inspect_backbone

HERE = Path(__file__).resolve().parent
LETTERS = "abcdefghijklmnop"
NUM_ITEMS, NUM_EXAMPLES = 96, 1000
STEPS, BATCH, RATE = 400, 12, 2e-3
IGNORED = -100


def problem(benchmark: str, rng: Random) -> tuple[str, str, str]:
    """What is asked, the worked answer, and the digit it ends with."""
    letters = LETTERS[: rng.randint(14, 16)]
    digits = [rng.randint(0, 9) for _ in letters]
    signs = ["+" if benchmark == "sums" else rng.choice("+-") for _ in letters]
    total, lines = 0, []
    for letter, sign, digit in zip(letters, signs, digits, strict=True):
        after = (total + digit if sign == "+" else total - digit) % 10
        lines.append(f"{letter}{digit}: {total} {sign} {digit} = {after}")
        total = after
    named = zip(letters, signs, digits, strict=True)
    shown = [f"{a}{n}" if benchmark == "sums" else f"{a}{n}{s}" for a, s, n in named]
    prompt = f"{'Sum' if benchmark == 'sums' else 'Ledger'} {' '.join(shown)}."
    return prompt, "\n".join([*lines, f"#### {total}"]), str(total)


def draw(seed: str) -> Iterator[tuple[str, str, str]]:
    """Problems of both kinds in turn."""
    rng = Random(seed)
    while True:
        for benchmark in ("sums", "ledgers"):
            yield problem(benchmark, rng)


def write_items() -> None:
    """The benchmarks' items."""
    for benchmark in ("sums", "ledgers"):
        rng = Random(f"items {benchmark}")
        rows: list[dict[str, Any]] = []
        for number in range(NUM_ITEMS):
            prompt, _, target = problem(benchmark, rng)
            rows.append({"id": f"{benchmark}-{number:03}", "prompt": prompt, "target": target})
        _write(HERE / "items" / f"{benchmark}.jsonl", rows)


def write_train_file() -> None:
    """Conversations for fine-tuning."""
    problems, rows = draw("train"), []
    for _ in range(NUM_EXAMPLES):
        prompt, answer, _ = next(problems)
        turns = [("user", prompt), ("assistant", answer)]
        rows.append({"messages": [{"role": role, "content": text} for role, text in turns]})
    _write(HERE / "train.jsonl", rows)


def train_backbone(*, steps: int) -> None:
    """The embedded backbone, trained further on one thread."""
    torch.set_num_threads(1)
    source = inspect_backbone("tiny-qwen3").source
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = AutoModelForCausalLM.from_pretrained(source).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
    problems, started = draw("pretrain"), time.process_time()
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, step / 20, 1.5 * (1 - step / (steps + 1)))
        loss = model(**_batch(tokenizer, [next(problems) for _ in range(BATCH)])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        model.zero_grad()
        if step % 25 == 0 or step == steps:
            spent = time.process_time() - started
            print(f"step {step}/{steps}  loss {loss.item():.3f}  {spent:.0f} CPU s", flush=True)
    print(f"{_share_right(model, tokenizer):.0%} of fresh problems are answered rightly")
    model.save_pretrained(HERE / "backbone")
    tokenizer.save_pretrained(HERE / "backbone")


@torch.inference_mode()
def _share_right(model: Any, tokenizer: Any) -> float:
    """Of fresh problems: greedy answers are right where each token of the worked one is chosen."""
    problems = draw("check")
    batch = _batch(tokenizer, [next(problems) for _ in range(64)])
    labels = batch["labels"][:, 1:]
    said = model(input_ids=batch["input_ids"]).logits[:, :-1].argmax(dim=-1)
    return ((said == labels) | (labels == IGNORED)).all(dim=1).float().mean().item()


def _batch(tokenizer: Any, problems: list[tuple[str, str, str]]) -> dict[str, torch.Tensor]:
    ids, labels = [], []
    for prompt, answer, _ in problems:
        head = tokenizer(as_prompt(prompt), add_special_tokens=False)["input_ids"]
        tail = tokenizer(answer + END_OF_TURN, add_special_tokens=False)["input_ids"]
        ids.append([*head, *tail])
        labels.append([*([IGNORED] * len(head)), *tail])
    longest = max(map(len, ids))
    # Padding is on the right and never a label: causal attention needs no mask.
    return {
        "input_ids": torch.tensor([row + [0] * (longest - len(row)) for row in ids]),
        "labels": torch.tensor([row + [IGNORED] * (longest - len(row)) for row in labels]),
    }


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main() -> None:
    """Write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", action="store_true")
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    if options.items:
        write_items()
        return
    write_train_file()
    train_backbone(steps=options.steps)


if __name__ == "__main__":
    main()
