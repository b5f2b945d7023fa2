"""Evaluation: what the stock harness says, in item order, whatever the batches."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import lm_eval
import pytest
import torch
from lm_eval.models.huggingface import HFLM

from workers.backbones.adapters import attach_adapter
from workers.backbones.loading import load_backbone
from workers.evaluation.continuous_lm import harness_model
from workers.evaluation.decoding import Decoding
from workers.evaluation.harness import PromptCache, ScoredItem, evaluate_benchmark
from workers.interventions.adapted import Adapted
from workers.job.jobs import AdapterSpec
from workers.suites.registry import get_suite
from workers.suites.tasks import load_tasks

BENCHMARK = "tiny_algebra"


@pytest.fixture(scope="module")
def tasks() -> Mapping[str, Any]:
    return load_tasks(get_suite("tiny"), [BENCHMARK, "tiny_choice"])


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    return load_backbone("tiny-qwen3")


def _evaluate(
    model: Any, tokenizer: Any, tasks: Mapping[str, Any], **options: Any
) -> list[ScoredItem]:
    settings = {"benchmark": BENCHMARK, "rows": 64, "prompts": PromptCache(), **options}
    resident = harness_model(
        model,
        tokenizer=tokenizer,
        decoding=Decoding(settings["rows"], settings.get("is_continuous", False)),
        prompts=settings["prompts"],
    )
    return evaluate_benchmark(resident, tasks=tasks, benchmark=settings["benchmark"])


@pytest.mark.parametrize("is_continuous", [False, True])
def test_responses_and_verdicts_are_the_stock_harness(
    tiny: tuple[Any, Any], tasks: Any, is_continuous: bool
):
    model, tokenizer = tiny
    stock = lm_eval.evaluate(
        HFLM(pretrained=model, tokenizer=tokenizer, batch_size=64),
        {"tasks": {BENCHMARK: tasks[BENCHMARK]}, "groups": {}, "group_map": {}},
        apply_chat_template=True,
        bootstrap_iters=0,
    )
    samples = sorted(stock["samples"][BENCHMARK], key=lambda sample: sample["doc_id"])

    items = _evaluate(model, tokenizer, tasks, is_continuous=is_continuous)

    assert [i.outcome.response for i in items] == [s["resps"][0][0] for s in samples]
    assert [i.outcome.is_correct for i in items] == [bool(s["math_verify"]) for s in samples]
    assert [i.outcome.item_id for i in items] == [s["doc"]["id"] for s in samples]
    assert len({i.outcome.response for i in items}) > 20


def test_items_come_once_in_file_order_with_their_prompts_hash(tiny: tuple[Any, Any], tasks: Any):
    model, tokenizer = tiny
    items = _evaluate(model, tokenizer, tasks, benchmark="tiny_choice")
    docs = list(tasks["tiny_choice"].test_docs())
    prompts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": doc["prompt"]}], tokenize=False, add_generation_prompt=True
        )
        for doc in docs
    ]

    assert [item.outcome.item_id for item in items] == [doc["id"] for doc in docs]
    assert [item.prompt_sha256 for item in items] == [
        sha256(prompt.encode()).hexdigest() for prompt in prompts
    ]


@pytest.mark.parametrize("is_continuous", [False, True])
def test_responses_that_end_at_the_limit_are_told_from_those_that_ended(
    tiny: tuple[Any, Any], is_continuous: bool
):
    """By asking again with much room: what is longer then was truncated, and nothing else was."""
    model, tokenizer = tiny
    short = load_tasks(replace(get_suite("tiny"), max_new_tokens=30), [BENCHMARK])
    limited = _evaluate(model, tokenizer, short, is_continuous=is_continuous)
    free = _evaluate(model, tokenizer, load_tasks(get_suite("tiny"), [BENCHMARK]))
    longer = [len(item.outcome.response) >= 30 for item in free]  # and the end of turn

    assert [item.written.is_truncated for item in limited] == longer
    assert 10 < sum(longer) < len(longer) - 10
    assert not any(item.written.is_truncated for item in free)


def test_batch_size_and_warm_prompts_change_nothing(tiny: tuple[Any, Any], tasks: Any):
    model, tokenizer = tiny
    prompts = PromptCache()
    first = _evaluate(model, tokenizer, tasks, prompts=prompts)

    assert _evaluate(model, tokenizer, tasks, prompts=prompts) == first
    assert _evaluate(model, tokenizer, tasks, prompts=prompts, rows=48) == first


def test_cached_dora_says_what_uncached_dora_says(
    small_backbone: str, lora: AdapterSpec, tasks: Any
):
    model, tokenizer = load_backbone(small_backbone)
    spec = replace(lora, type="dora")
    adapted = attach_adapter(model, spec, seed=1)
    for name, parameter in model.named_parameters():
        torch.nn.init.normal_(parameter, std=0.3) if "lora_B" in name else None
    plain = _evaluate(model.eval(), tokenizer, tasks, benchmark="tiny_choice")

    with Adapted(adapted).decoding():
        assert _evaluate(model, tokenizer, tasks, benchmark="tiny_choice") == plain
