"""Evaluating treatments: drafted answers and score-once against continuous decoding, item by item.

One warm executor trains a baseline and some treatments of a suite (the tiny one, or a folder). Each
treatment is then evaluated both ways, in turn: (continuous) decoded token by token, every response
scored; (drafted) with the baseline's answers as drafts, and with the verdicts that the baseline's
and earlier treatments' responses have. Time is CPU time of this process on one thread; programs run
in a sandbox's processes and are counted beside it. On a GPU, which nobody else is on, it is the
clock's. Also how often a response differs (0 in float32), forward passes a token as counted and as
a replay of the stored tokens foretells them, what a run takes besides training, part by part, and
what reading the prompts alone takes: no way of writing the answers can take less.

    .venv/bin/python benchmarks/drafted.py [--suite tiny] [--backbone tiny-qwen3] [--treatments 3]
                                           [--device cuda]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from dataclasses import replace
from functools import partial
from typing import Any

from workers.run.process import prepare_process

prepare_process()

import torch  # noqa: E402
from devices import clock, device_name  # noqa: E402
from part_clock import PartClock  # noqa: E402
from report import report  # noqa: E402

from storage.artifacts import ArtifactStore  # noqa: E402
from workers.drafts.replay import replay_all  # noqa: E402
from workers.evaluation.asked_items import asked_items  # noqa: E402
from workers.evaluation.continuous_lm import harness_model  # noqa: E402
from workers.evaluation.decoding import Decoding  # noqa: E402
from workers.evaluation.stored_responses import decode_responses, decode_tokens  # noqa: E402
from workers.generation import Engine, Prompt, Stopping, measured_capacity  # noqa: E402
from workers.job.jobs import AdapterSpec, CellResult, RunJob  # noqa: E402
from workers.run.executor import RunExecutor  # noqa: E402
from workers.run.run_evaluation import evaluate_cell  # noqa: E402
from workers.suites.registry import get_suite  # noqa: E402

LORA = AdapterSpec("lora", 8, 16, ("q_proj", "k_proj", "v_proj", "o_proj"))
MIXERS = ("cross_attn", "per_token_mix", "multihead_local", "gated_cross_attn")


def configuration(number: int) -> dict[str, Any]:
    """One of the demo's kind."""
    return {
        "layer": 1 + number % 3,
        "slots": 2 + 2 * (number % 2),
        "mixer": MIXERS[number % len(MIXERS)],
        "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
        "trainability": {"scope": "all", "train_until": 20, "warmup_identity": 0},
        "gradient_scale": 500.0,
    }


class Desk:
    """The executor, and one artifact store a way of evaluating.

    Args:
        job: The baseline's.
        folder: For the stores.
        device: Where the host is.
    """

    def __init__(self, job: RunJob, folder: str, *, device: str) -> None:
        self.job, self._folder = job, folder
        self._clock = partial(clock, device)
        self.executor = RunExecutor(device=device)

    def train(self, job: RunJob) -> float:
        """CPU seconds of training."""
        started = self._clock()
        self.executor.begin(job)
        return self._clock() - started

    def evaluate(
        self, way: str, drafts: dict[str, CellResult] | None = None
    ) -> tuple[dict[str, CellResult], float]:
        """The cells of the run trained last, and CPU seconds."""
        generation = "continuous" if way.startswith("continuous") else "auto"
        run = self.executor._run
        assert run is not None
        job = replace(
            run.job,
            recipe=run.job.recipe.replace(generation=generation),
            artifact_url=f"{self._folder}/{way}",
        )
        started, cells = self._clock(), {}
        for name in job.benchmarks:
            draft = None if drafts is None else drafts[name].responses.name
            cells[name] = evaluate_cell(
                job, self.executor._warm, host=run.host, benchmark=name, draft=draft
            )
        return cells, self._clock() - started

    def read_prompts(self) -> float:
        """CPU seconds of reading every prompt, which each way has to do."""
        run, warm = self.executor._run, self.executor._warm
        assert run is not None
        started = self._clock()
        for name in run.job.benchmarks:
            task = warm.tasks(run.job, name)[name]
            decoding = Decoding.of(run.job.recipe)
            model = harness_model(
                warm.resident.model,
                tokenizer=warm.resident.tokenizer,
                decoding=decoding,
                prompts=warm.prompts,
            )
            encoded = [model.tok_encode(item.prompt) for item in asked_items(task, model=model)]
            engine = Engine(
                warm.resident.model,
                stopping=Stopping(1),
                capacity=measured_capacity(warm.resident.model, max_rows=decoding.rows),
            )
            list(engine.generate([Prompt("", tokens) for tokens in encoded]))
        return self._clock() - started

    def read(self, way: str, cell: CellResult) -> bytes:
        """The stored responses."""
        return ArtifactStore(f"{self._folder}/{way}").get_bytes(cell.responses.name)


def measure(
    desk: Desk, number: int, baseline: dict[str, CellResult], parts: PartClock
) -> dict[str, Any]:
    """One treatment."""
    parts.take()
    begun_s = desk.train(replace(desk.job, configuration=configuration(number)))
    training = parts.take()
    train_s = training["train"]
    prompts_s = desk.read_prompts()
    ways: dict[str, tuple[dict[str, CellResult], float]] = {}
    evaluating: dict[str, float] = {}
    order = ["continuous", "drafted"]
    for way in order if number % 2 else reversed(order):
        if way == "continuous":  # a store of its own: nothing was scored there before
            ways[way] = desk.evaluate(f"continuous-{number}")
        else:
            parts.take()
            ways[way] = desk.evaluate(way, baseline)
            evaluating = parts.take()
    cells, drafted_s = ways["drafted"]
    plain, plain_s = ways["continuous"]
    differing, pairs, lengths = 0, [], []
    for name, cell in cells.items():
        ours = desk.read("drafted", cell)
        theirs = desk.read(f"continuous-{number}", plain[name])
        rows = zip(decode_responses(ours), decode_responses(theirs), strict=True)
        differing += sum(a != b for a, b in rows)
        answers = decode_tokens(ours) or {}
        known = decode_tokens(desk.read("drafted", baseline[name])) or {}
        pairs += [(tokens, known[item]) for item, tokens in answers.items()]
        lengths += [len(tokens) for tokens in answers.values()]
    counted = [cell.generation for cell in cells.values() if cell.generation]
    tokens = sum(one.answer_tokens for one in counted)
    return {
        "treatment": number,
        "train_s": train_s,
        "continuous_s": plain_s,
        "drafted_s": drafted_s,
        "times_less": plain_s / drafted_s,
        "prompts_s": prompts_s,
        "most_times_less": plain_s / prompts_s,
        "besides_training": (begun_s - train_s + drafted_s) / train_s,
        "mean_answer_tokens": statistics.mean(lengths),
        "accuracy": 100 * sum(c.n_correct for c in cells.values()) / len(lengths),
        "equal_to_baseline": sum(tuple(a) == tuple(b) for a, b in pairs) / len(pairs),
        "drafted_share": sum(one.drafted_tokens for one in counted) / tokens,
        "passes_per_token": sum(one.passes for one in counted) / tokens,
        "replayed_passes_per_token": replay_all(pairs).passes_per_token,
        "redecoded": sum(one.redecoded for one in counted),
        "differing": differing,
        "parts_s": {
            **{part: training[part] + evaluating[part] for part in training},
            "rest_of_begin": begun_s - sum(training.values()),
            "rest_of_evaluation": drafted_s - sum(evaluating.values()),
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", default="tiny")
    parser.add_argument("--backbone", default="tiny-qwen3")
    parser.add_argument("--treatments", type=int, default=3)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    options = parser.parse_args()
    suite = get_suite(options.suite)
    with tempfile.TemporaryDirectory() as folder:
        job = RunJob(
            key="run",
            backbone=options.backbone,
            adapter=LORA,
            configuration=None,
            block={},
            seed=42,
            recipe=suite.recipe,
            suite=suite.name,
            benchmarks=suite.benchmarks,
            artifact_url=f"{folder}/training",
        )
        desk = Desk(job, folder, device=options.device)
        with desk.executor:
            desk.train(job)
            baseline, baseline_s = desk.evaluate("drafted")
            parts = PartClock(partial(clock, options.device))
            rows = [measure(desk, n, baseline, parts) for n in range(options.treatments)]
            split = [row.pop("parts_s") for row in rows]
    report(
        "drafted",
        rows=rows,
        suite=options.suite,
        baseline_evaluation_s=baseline_s,
        parts_s=split,
        threads=torch.get_num_threads(),
        device=device_name(options.device),
        clock="seconds" if options.device == "cuda" else "CPU seconds",
    )


if __name__ == "__main__":
    main()
