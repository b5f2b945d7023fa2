"""Small random backbones as folders, and jobs on them: real training and scoring in seconds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from tools.tiny.tokenizer import build_tokenizer
from workers.job.jobs import AdapterSpec, RunJob
from workers.run.executor import RunExecutor
from workers.run.process import prepare_process
from workers.suites.registry import get_suite

SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 512,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
ARCHITECTURES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "qwen3": (Qwen3Config, Qwen3ForCausalLM, {}),
    "qwen3_moe": (Qwen3MoeConfig, Qwen3MoeForCausalLM, EXPERTS),
    "llama": (LlamaConfig, LlamaForCausalLM, {}),
    "wide": (Qwen3Config, Qwen3ForCausalLM, {"head_dim": 16}),  # queries twice the stream's width
}


@pytest.fixture(scope="session", autouse=True)
def _prepared_process() -> None:
    prepare_process()


@pytest.fixture(scope="session")
def make_backbone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The folder of an untrained two-layer backbone of an architecture; made once."""
    made: dict[str, str] = {}

    def make(architecture: str) -> str:
        if architecture not in made:
            folder = tmp_path_factory.mktemp(architecture)
            _save_backbone(folder, architecture)
            made[architecture] = str(folder)
        return made[architecture]

    return make


@pytest.fixture(scope="session")
def small_backbone(make_backbone: Callable[[str], str]) -> str:
    return make_backbone("qwen3")


@pytest.fixture(scope="session")
def lora() -> AdapterSpec:
    return AdapterSpec("lora", 4, 8, ("q_proj", "k_proj", "v_proj", "o_proj"))


@pytest.fixture(scope="session")
def make_job(
    small_backbone: str, lora: AdapterSpec, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., RunJob]:
    """A short baseline job on the small backbone; keywords replace fields of job or recipe."""
    recipe = get_suite("tiny").recipe.replace(max_steps=4, num_examples=64)
    base = RunJob(
        key="job",
        backbone=small_backbone,
        adapter=lora,
        configuration=None,
        block={},
        seed=7,
        recipe=recipe,
        suite="tiny",
        benchmarks=("tiny_choice",),
        artifact_url=str(tmp_path_factory.mktemp("artifacts")),
    )

    def make(*, training: dict[str, Any] | None = None, **fields: Any) -> RunJob:
        return replace(base, recipe=recipe.replace(**training or {}), **fields)

    return make


@pytest.fixture(scope="module")
def executor() -> Iterator[RunExecutor]:
    with RunExecutor(device="cpu") as bench:
        yield bench


def _save_backbone(folder: Path, architecture: str) -> None:
    config_type, model_type, extra = ARCHITECTURES[architecture]
    tokenizer = build_tokenizer(512)
    torch.manual_seed(0)
    config = config_type(
        vocab_size=len(tokenizer),
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        initializer_range=0.2,
        **{**SIZES, **extra},
    )
    model_type(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
