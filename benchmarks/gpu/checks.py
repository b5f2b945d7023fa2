"""What holds on a GPU: answers, repeats, memory that runs out, a share of the memory, a context.

Each row says what was checked, what was found and whether it is as the docs say; the command fails
where a row does not hold.

    .venv/bin/python benchmarks/gpu/checks.py [--prompts 8] [--shape Qwen/Qwen3-0.6B]
    .venv/bin/python benchmarks/gpu/checks.py --only answers --adapters dora
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers.run.process import prepare_process

prepare_process()

import torch  # noqa: E402
from devices import device_name  # noqa: E402
from generation import (  # noqa: E402
    LORA,
    continuous,
    drafted,
    likely_drafts,
    static,
    suite_prompts,
    tailed_prompts,
)
from random_backbone import random_model  # noqa: E402
from report import report  # noqa: E402

from storage.artifacts import ArtifactStore  # noqa: E402
from talan import TalanConfig, Writeback, attach  # noqa: E402
from talan.vocabulary import MIXERS  # noqa: E402
from workers.backbones.adapters import attach_adapter  # noqa: E402
from workers.backbones.loading import load_backbone  # noqa: E402
from workers.generation import Capacity, Engine, Stopping, measured_capacity  # noqa: E402
from workers.job.jobs import AdapterSpec, RunJob  # noqa: E402
from workers.run.executor import RunExecutor  # noqa: E402
from workers.run.gpu_memory import CONTEXT_BYTES, cap_gpu_memory  # noqa: E402
from workers.suites.registry import get_suite  # noqa: E402

Row = dict[str, Any]
GIB = 2**30
GATE = Writeback("gate", "vector", 0.5)


def main() -> None:
    """Check everything; exit with 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=8, help="of the suite, for the answers")
    parser.add_argument("--shape", default="Qwen/Qwen3-0.6B", help="where memory is looked at")
    checks: dict[str, Callable[[], Iterator[Row]]] = {
        "context": context_beside_a_share,
        "repeats": repeats,
        "memory": lambda: memory(options.shape),
        "shortage": lambda: shortage(options.shape),
        "answers": lambda: answers(options.prompts, options.adapters),
    }
    parser.add_argument("--only", nargs="+", default=list(checks), choices=checks)
    parser.add_argument("--adapters", nargs="+", default=["lora", "dora"], help="of the answers")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error("there is no GPU here")
    rows = []
    for name in options.only:
        for row in checks[name]():
            print(*row.values(), file=sys.stderr)
            rows.append(row)
    report("gpu/checks", rows=rows, device=device_name("cuda"))
    sys.exit(not all(row["holds"] for row in rows))


def context_beside_a_share() -> Iterator[Row]:
    """What a process takes besides what torch allocates; a share of the GPU that is kept to."""
    torch.zeros(1, device="cuda")
    free_before, total = torch.cuda.mem_get_info()
    ours, theirs = get_context("spawn").Pipe()
    share = 0.125
    child = get_context("spawn").Process(target=take_a_share, args=(share, theirs))
    child.start()
    reserved = ours.recv()
    beside = free_before - torch.cuda.mem_get_info()[0] - reserved
    ours.send("go on")
    message, most = ours.recv()
    child.join()
    yield {
        "check": "GiB of a process's context",
        "found": round(beside / GIB, 3),
        "holds": 0 < beside <= CONTEXT_BYTES,
    }
    yield {
        "check": f"a process with {share} of the GPU ({message}), GiB it could take",
        "found": round(most / GIB, 3),
        "holds": message == "OutOfMemoryError" and most + CONTEXT_BYTES <= share * total,
    }


def take_a_share(share: float, pipe: Connection) -> None:
    """In a process of its own: say what is reserved after some work, then take all there is."""
    cap_gpu_memory(share)
    square = torch.randn(2048, 2048, device="cuda", dtype=torch.bfloat16)
    (square @ square).sum().item()
    torch.nn.functional.scaled_dot_product_attention(*3 * [square.view(16, 8, 128, 256)])
    torch.cuda.synchronize()
    pipe.send(torch.cuda.memory_reserved())
    pipe.recv()
    held, message = [], "no error"
    try:
        while len(held) < 4096:
            held.append(torch.empty(2**26, device="cuda"))
    except torch.OutOfMemoryError as error:
        message = type(error).__name__
    pipe.send((message, torch.cuda.memory_reserved()))


def answers(num_prompts: int, adapters: Sequence[str]) -> Iterator[Row]:
    """Float32: continuous and drafted answers beside one-by-one ``generate()``, token by token."""
    for kind in adapters:
        model, tokenizer = load_backbone("tiny-qwen3", device="cuda")
        model = attach_adapter(model, replace(LORA, type=kind), seed=1).eval()
        prompts, stops = suite_prompts(tokenizer), {tokenizer.eos_token_id}
        prompts = prompts[:: max(1, len(prompts) // num_prompts)]
        for scope in ("sequence", "prefix"):
            for mixer in MIXERS:
                config = TalanConfig(1, 2, mixer, GATE, summary_scope=scope)
                talan = attach(model, config, seed=1)
                model.eval()
                alone = static(model, prompts, stops=stops, rows=1)
                together = continuous(model, prompts, stops=stops, rows=32)
                drafts = likely_drafts(alone)
                verified, _ = drafted(model, prompts, stops=stops, rows=32, drafts=drafts)
                talan.detach()
                pairs = zip(alone, together, verified, strict=True)
                differing = sum(not (a == b == c) for a, b, c in pairs)
                yield {
                    "check": f"{kind}, {mixer}, {scope}: answers of {len(prompts)} that differ",
                    "found": differing,
                    "holds": differing == 0,
                }


def repeats() -> Iterator[Row]:
    """A run in a warm process, another, and the first again: bit for bit, in both precisions."""
    suite = get_suite("tiny")
    for dtype, generation in (("float32", "auto"), ("bfloat16", "continuous")):
        recipe = suite.recipe.replace(dtype=dtype, generation=generation, max_steps=8)
        with tempfile.TemporaryDirectory() as folder, RunExecutor(device="cuda") as executor:
            job = RunJob(
                key="run",
                backbone="tiny-qwen3",
                adapter=AdapterSpec("lora", 8, 16, ("q_proj", "v_proj")),
                configuration=TalanConfig(1, 2, "cross_attn", GATE).axes(),
                block={},
                seed=42,
                recipe=recipe,
                suite="tiny",
                benchmarks=("tiny_choice", "tiny_code"),
                artifact_url=folder,
            )
            seeds = (42, 43, 42)
            found = [outcome(executor, replace(job, seed=seed)) for seed in seeds]
        yield {
            "check": f"{dtype}: runs A, B, A give A twice (losses, checkpoint, responses)",
            "found": f"{found[0] == found[2]}, B {'differs' if found[1] != found[0] else 'too'}",
            "holds": found[0] == found[2] != found[1],
        }


def outcome(executor: RunExecutor, job: RunJob) -> tuple[object, ...]:
    """All that must be the same in a repeat."""
    trained = executor.begin(job)
    cells = [executor.evaluate(name) for name in job.benchmarks]
    store = ArtifactStore(job.artifact_url)
    stored = [store.get_bytes(cell.responses.name) for cell in cells]
    return trained.losses, trained.checkpoint.sha256, *stored


def memory(shape: str) -> Iterator[Row]:
    """The bound that a forward pass finds is one that holds."""
    model = attach_adapter(random_model(shape, device="cuda"), LORA, seed=0).eval()
    capacity = measured_capacity(model, max_rows=4096)
    torch.cuda.reset_peak_memory_stats()
    prompts = [replace(one, max_new_tokens=32) for one in tailed_prompts(2048)]
    prompts = [replace(one, tokens=list(one.tokens) * 16) for one in prompts]
    engine = Engine(model, stopping=Stopping(32), capacity=capacity)
    num = sum(1 for _ in engine.generate(prompts))
    peak, total = torch.cuda.max_memory_allocated(), torch.cuda.mem_get_info()[1]
    yield {
        "check": f"{num} prompts of 320 to 960 tokens, bound {capacity.max_cells} cells: "
        f"peak {peak / GIB:.1f} of {total / GIB:.1f} GiB; times out of memory",
        "found": engine.tally.num_out_of_memory,
        "holds": engine.tally.num_out_of_memory == 0 and num == len(prompts),
    }
    del model, engine
    torch.cuda.empty_cache()


def shortage(shape: str) -> Iterator[Row]:
    """Memory that runs out really: the bound is halved, and the answers are the same (float32)."""
    model = random_model(shape, dtype="float32", device="cuda")
    model = attach_adapter(model, LORA, seed=0).eval()
    prompts = [replace(one, max_new_tokens=24) for one in tailed_prompts(64)]
    prompts = [replace(one, tokens=list(one.tokens) * 8) for one in prompts]
    plenty = continuous(model, prompts, stops=set(), rows=16)
    torch.cuda.empty_cache()
    total = torch.cuda.mem_get_info()[1]
    allowed = torch.cuda.memory_allocated() + 4 * GIB
    torch.cuda.set_per_process_memory_fraction(allowed / total)
    engine = Engine(model, stopping=Stopping(24), capacity=Capacity(64))
    scarce: list[list[int]] = [[] for _ in prompts]
    for response in engine.generate(prompts):
        scarce[response.index] = list(response.tokens)
    torch.cuda.set_per_process_memory_fraction(1.0)
    differing = sum(a != b for a, b in zip(plenty, scarce, strict=True))
    yield {
        "check": f"4 GiB for 64 rows: out of memory {engine.tally.num_out_of_memory} times, "
        f"{engine.tally.num_restarts} begun again; answers that differ",
        "found": differing,
        "holds": engine.tally.num_out_of_memory > 0 and differing == 0,
    }


if __name__ == "__main__":
    main()
