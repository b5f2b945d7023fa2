"""Drafted and continuous generation against static batches and one-by-one `generate()`.

Same model, same prompts, same rows at a time, same threads; the ways are taken in turn in every
round. Time is CPU time of the process on one thread, so that neighbours on the machine count for
little; tokens are those up to each answer's end. The drafts are the answers themselves, every
sixteenth with another token in its middle: about what a baseline's answers are to a treatment's.
Two mixes of prompts:

  suite    the tiny suite's 512 items with the answers the model gives, at most 96 tokens
  tailed   as many prompts whose answers have drawn lengths, most short and a few long (log-normal);
           static batches run to the longest of their rows, as they would with real answers

    .venv/bin/python benchmarks/generation.py [--mix suite tailed] [--rows 32 128] [--rounds 3]
    .venv/bin/python benchmarks/generation.py --differing  # from one by one, float32 and bfloat16
    .venv/bin/python benchmarks/generation.py --paged      # transformers' generate_batch beside it
    .venv/bin/python benchmarks/generation.py --prefix     # few-shot prompts, read once or each
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from workers.run.process import prepare_process

prepare_process()

import torch  # noqa: E402
from report import report  # noqa: E402
from transformers import GenerationConfig  # noqa: E402

from talan import TalanConfig, Writeback, attach  # noqa: E402
from workers.backbones.adapters import attach_adapter  # noqa: E402
from workers.backbones.loading import load_backbone  # noqa: E402
from workers.generation import Capacity, Engine, Prompt, Stopping  # noqa: E402
from workers.generation.engine import NEAR_TIE  # noqa: E402
from workers.job.jobs import AdapterSpec  # noqa: E402
from workers.suites.registry import get_suite  # noqa: E402
from workers.suites.tasks import load_tasks  # noqa: E402

Answers = list[list[int]]
LORA = AdapterSpec("lora", 8, 16, ("q_proj", "k_proj", "v_proj", "o_proj"))
HOSTS = ("LoRA", "sequence", "prefix")


def suite_prompts(tokenizer: Any) -> list[Prompt]:
    """All items of the tiny suite as the model is asked them."""
    suite, prompts = get_suite("tiny"), []
    for name, task in load_tasks(suite, suite.benchmarks).items():
        for doc in task.test_docs():
            chat = [{"role": "user", "content": doc["prompt"]}]
            text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
            tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
            prompts.append(Prompt(f"{name}/{doc['id']}", tokens, 96))
    return prompts


def tailed_prompts(num_prompts: int) -> list[Prompt]:
    """Random prompts of 20 to 60 tokens; answers of 24 tokens in the median, 400 at most."""
    draw = random.Random(0)
    return [
        Prompt(
            str(number),
            [draw.randrange(3, 100) for _ in range(draw.randint(20, 60))],
            min(400, max(1, round(draw.lognormvariate(3.2, 1.0)))),
        )
        for number in range(num_prompts)
    ]


def static(model: Any, prompts: Sequence[Prompt], *, stops: set[int], rows: int) -> Answers:
    """Sorted, cut into batches, each generated until its last row ends: what lm-eval does."""
    answers: Answers = [[] for _ in prompts]
    order = sorted(range(len(prompts)), key=lambda number: -len(prompts[number].tokens))
    for at in range(0, len(order), rows):
        numbers = order[at : at + rows]
        batch = [prompts[number] for number in numbers]
        for number, answer in zip(numbers, _generate(model, batch, stops), strict=True):
            answers[number] = answer
    return answers


@torch.inference_mode()
def _generate(model: Any, batch: Sequence[Prompt], stops: set[int]) -> Answers:
    width = max(len(prompt.tokens) for prompt in batch)
    pads = [width - len(prompt.tokens) for prompt in batch]
    pairs = list(zip(pads, batch, strict=True))
    ids = [[0] * pad + list(prompt.tokens) for pad, prompt in pairs]
    mask = [[0] * pad + [1] * len(prompt.tokens) for pad, prompt in pairs]
    out = model.generate(
        input_ids=torch.tensor(ids, device=model.device),
        attention_mask=torch.tensor(mask, device=model.device),
        max_new_tokens=max(prompt.max_new_tokens or 0 for prompt in batch),
        eos_token_id=sorted(stops) or [-1],
        do_sample=False,
        pad_token_id=0,
    )
    return [
        _up_to_end(row, stops)[: prompt.max_new_tokens]
        for row, prompt in zip(out[:, width:].tolist(), batch, strict=True)
    ]


def _up_to_end(tokens: list[int], stops: set[int]) -> list[int]:
    ends = [place for place, token in enumerate(tokens) if token in stops]
    return tokens[: ends[0] + 1] if ends else tokens


def continuous(
    model: Any, prompts: Sequence[Prompt], *, stops: set[int], rows: int, shares: bool = True
) -> Answers:
    """The engine."""
    engine = Engine(
        model,
        stopping=Stopping(400, frozenset(stops)),
        capacity=Capacity(rows),
        shares_prefix=shares,
    )
    answers: Answers = [[] for _ in prompts]
    for response in engine.generate(prompts):
        answers[response.index] = list(response.tokens)
    return answers


def likely_drafts(answers: Answers) -> Answers:
    """What a baseline says where a treatment says this."""
    drafts = [list(answer) for answer in answers]
    for draft in drafts[::16]:
        draft[len(draft) // 2] = draft[len(draft) // 2] % 50 + 3
    return drafts


def drafted(
    model: Any, prompts: Sequence[Prompt], *, stops: set[int], rows: int, drafts: Answers
) -> tuple[Answers, int]:
    """The engine with drafts; answers, and the forward passes that they took part in."""
    engine = Engine(
        model,
        stopping=Stopping(400, frozenset(stops)),
        capacity=Capacity(rows),
        near_tie=NEAR_TIE if model.dtype == torch.float32 else 0.0,
    )
    answers: Answers = [[] for _ in prompts]
    num_passes = 0
    asked = [replace(p, draft=draft) for p, draft in zip(prompts, drafts, strict=True)]
    for response in engine.generate(asked):
        answers[response.index] = list(response.tokens)
        num_passes += response.num_passes
    return answers, num_passes


def paged(model: Any, prompts: Sequence[Prompt], *, stops: set[int], rows: int) -> Answers:
    """What transformers brings (generate_batch): no TALAN, and no bound for each row."""
    del rows
    config = GenerationConfig(
        max_new_tokens=max(prompt.max_new_tokens or 0 for prompt in prompts),
        do_sample=False,
        eos_token_id=sorted(stops),
        pad_token_id=0,
    )
    inputs = [list(prompt.tokens) for prompt in prompts]
    found = model.generate_batch(inputs=inputs, generation_config=config, progress_bar=False)
    ordered = sorted(found, key=lambda name: int(name.rpartition("_")[2]))
    return [list(found[name].generated_tokens) for name in ordered]


@contextmanager
def host(model: Any, name: str) -> Any:
    """LoRA alone, or with a block of a summary scope."""
    if name == "LoRA":
        yield
        return
    config = TalanConfig(1, 2, "cross_attn", Writeback("gate", "vector", 0.008), summary_scope=name)
    talan = attach(model, config, seed=1)
    model.eval()
    try:
        yield
    finally:
        talan.detach()


def timed(way: Callable[[], Answers]) -> tuple[Answers, float]:
    """Answers and CPU seconds; on a GPU, which nobody else is on, seconds of the clock."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    started = clock()
    answers = way()
    return answers, clock() - started


def speed(model: Any, tokenizer: Any, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every mix, host and number of rows, continuous beside static."""
    mixes = {"suite": suite_prompts(tokenizer), "tailed": tailed_prompts(options.prompts)}
    rows = []
    for mix in options.mix:
        stops = {tokenizer.eos_token_id} if mix == "suite" else set()
        for name in options.hosts:
            with host(model, name):
                for num in options.rows:
                    rows.append(
                        {
                            "mix": mix,
                            "host": name,
                            **_compare(model, mixes[mix], stops, num, options),
                        }
                    )
    return rows


def _compare(
    model: Any, prompts: Sequence[Prompt], stops: set[int], num: int, options: argparse.Namespace
) -> dict[str, Any]:
    some = prompts[:: max(1, len(prompts) // options.alone)]
    ways: dict[str, Callable[[], Answers]] = {
        "one_by_one": lambda: static(model, some, stops=stops, rows=1),
        "static": lambda: static(model, prompts, stops=stops, rows=num),
        "continuous": lambda: continuous(model, prompts, stops=stops, rows=num),
    }
    drafts = likely_drafts(ways["continuous"]())
    passes: list[int] = []

    def verify() -> Answers:
        answers, num_passes = drafted(model, prompts, stops=stops, rows=num, drafts=drafts)
        passes.append(num_passes)
        return answers

    ways["drafted"] = verify
    if options.paged:
        ways["paged"] = lambda: paged(model, prompts, stops=stops, rows=num)
    rates: dict[str, list[float]] = {way: [] for way in ways}
    last: dict[str, Answers] = {}
    for _ in range(options.rounds):
        for way, call in ways.items():
            last[way], seconds = timed(call)
            rates[way].append(sum(map(len, last[way])) / seconds)
    medians = {way: statistics.median(values) for way, values in rates.items()}
    return {
        "rows": num,
        **{f"{way}_tokens_s": value for way, value in medians.items()},
        "against_static": medians["continuous"] / medians["static"],
        "against_one": medians["continuous"] / medians["one_by_one"],
        "drafted_against_continuous": medians["drafted"] / medians["continuous"],
        "passes_a_token": passes[-1] / sum(map(len, last["drafted"])),
        "equal_static": _num_equal(last["continuous"], last["static"]) / len(prompts),
        "equal_drafted": _num_equal(last["continuous"], last["drafted"]) / len(prompts),
    }


def _num_equal(ours: Answers, theirs: Answers) -> int:
    return sum(a == b for a, b in zip(ours, theirs, strict=True))


def differing(model: Any, tokenizer: Any, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Share of the suite's items whose tokens are not those of one-by-one `generate()`."""
    prompts, stops = suite_prompts(tokenizer), {tokenizer.eos_token_id}
    prompts = prompts[:: max(1, len(prompts) // options.prompts)]
    rows = []
    for dtype in (torch.float32, torch.bfloat16):
        model.to(dtype)
        for name in options.hosts:
            with host(model, name):
                alone = static(model, prompts, stops=stops, rows=1)
                for num in options.rows:
                    first = continuous(model, prompts, stops=stops, rows=num)
                    again = continuous(model, prompts, stops=stops, rows=num)
                    batches = static(model, prompts, stops=stops, rows=num)
                    rows.append(
                        {
                            "dtype": str(dtype).removeprefix("torch."),
                            "host": name,
                            "rows": num,
                            "items": len(prompts),
                            "continuous_differ": 1 - _num_equal(first, alone) / len(prompts),
                            "static_differ": 1 - _num_equal(batches, alone) / len(prompts),
                            "repeat_differs": 1 - _num_equal(first, again) / len(prompts),
                        }
                    )
    return rows


def prefixes(model: Any, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Prompts with 300 tokens in common, read once and with every prompt."""
    draw, rows = random.Random(1), []
    shared = [draw.randrange(3, 100) for _ in range(300)]
    prompts = [
        Prompt(one.name, [*shared, *one.tokens], min(48, one.max_new_tokens or 48))
        for one in tailed_prompts(options.prompts)
    ]
    for name in options.hosts:
        with host(model, name):
            for num in options.rows:
                seconds: dict[bool, list[float]] = {True: [], False: []}
                answers: dict[bool, Answers] = {}
                for _ in range(options.rounds):
                    for shares in (True, False):
                        answers[shares], spent = timed(
                            lambda shares=shares, num=num: continuous(
                                model, prompts, stops=set(), rows=num, shares=shares
                            )
                        )
                        seconds[shares].append(spent)
                once, each = (statistics.median(seconds[shares]) for shares in (True, False))
                rows.append(
                    {
                        "host": name,
                        "rows": num,
                        "once_s": once,
                        "each_s": each,
                        "ratio": each / once,
                        "equal": _num_equal(answers[True], answers[False]) / len(prompts),
                    }
                )
    return rows


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mix", nargs="+", default=["suite", "tailed"])
    parser.add_argument("--hosts", nargs="+", default=list(HOSTS), choices=HOSTS)
    parser.add_argument("--rows", nargs="+", type=int, default=[32, 128])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=512, help="of tailed and --differing")
    parser.add_argument("--alone", type=int, default=32, help="prompts of the one-by-one figure")
    parser.add_argument("--differing", action="store_true")
    parser.add_argument("--paged", action="store_true")
    parser.add_argument("--prefix", action="store_true")
    options = parser.parse_args()
    model, tokenizer = load_backbone("tiny-qwen3")
    attach_adapter(model, LORA, seed=1)
    model.eval()
    if options.differing:
        rows = differing(model, tokenizer, options)
    elif options.prefix:
        rows = prefixes(model, options)
    else:
        rows = speed(model, tokenizer, options)
    report("generation", rows=rows, threads=torch.get_num_threads(), clock="CPU seconds")


if __name__ == "__main__":
    main()
