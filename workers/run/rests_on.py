"""What a run's verdict rests on, as names with values: what must be its baseline's as well.

Owns: collecting it where it is used, after loading and rendering, and not where it is asked for: a
template that reads the clock, or a tensor that loading filled at random, shows here. Values are
short texts or SHA-256; the record compares them when a run meets its baseline
(``storage.pairing``). What differs between the two on purpose is not here: configuration, sham,
and the order of the examples, which carries its seed in its name.
Does not cover: what is only noted (``workers.run.provenance``).
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from workers.backbones.inspection import inspect_backbone
from workers.backbones.resident import ResidentBackbone
from workers.evaluation.benchmark_evaluation import Evaluated
from workers.job.jobs import RunJob
from workers.run.machine import cpu_model
from workers.suites.fingerprint import benchmark_hashes
from workers.suites.scoring.source import scorers_hash
from workers.training.sft_data import SftExample

_PACKAGES = ("torch", "transformers", "tokenizers", "peft", "lm-eval", "math-verify", "numpy")


def training_rests_on(
    job: RunJob,
    resident: ResidentBackbone,
    *,
    examples: Sequence[SftExample],
    batches: Sequence[Sequence[SftExample]] | None,
    num_processes: int,
) -> dict[str, str]:
    """What the trained model rests on; ``batches`` are None where it is trained on others."""
    known = {id(example): _example_hash(example) for example in examples}
    ordered = [known[id(example)] for batch in batches or () for example in batch]
    order = f"training order at seed {job.seed}"
    return {
        "recipe": job.recipe.hash,
        "backbone files": inspect_backbone(job.backbone).fingerprint,
        "backbone weights": resident.weights_hash,
        "tokenizer": resident.tokenizer_hash,
        "chat template": _sha256(json.dumps(resident.tokenizer.chat_template, sort_keys=True)),
        "training text": _sha256("".join(known[id(example)] for example in examples)),
        **({} if batches is None else {order: _sha256("".join(ordered))}),
        "dtype": job.recipe.dtype,
        "device": _device(resident.model),
        "kernels": _kernels(),
        "processes": str(num_processes),
        "scorers": scorers_hash(),
        **_versions(),
    }


def cell_rests_on(job: RunJob, benchmark: str, *, found: Evaluated, asked: str) -> dict[str, str]:
    """What one benchmark's score rests on.

    Args:
        job: The run.
        benchmark: The benchmark.
        found: What was asked and answered.
        asked: The artifact of all items' prompts and references.
    """
    rests = {
        f"items of {benchmark}": benchmark_hashes(job.suite, benchmark),
        f"all prompts of {benchmark}": asked,
    }
    if found.numbers is None:
        rests[f"prompts asked of {benchmark}"] = _sha256(
            "".join(item.prompt_sha256 for item in found.items)
        )
    return rests


def _example_hash(example: SftExample) -> str:
    tokens = array("q", (*example.input_ids, *example.labels))
    return hashlib.sha256(tokens.tobytes()).hexdigest()


def _device(model: Any) -> str:
    device = model.device
    if device.type == "cuda":
        return f"cuda, {torch.cuda.get_device_name(device)}"
    # On a processor the number of threads changes sums' order, and so do other instructions.
    return f"{device.type}, {cpu_model()}, threads {torch.get_num_threads()}"


def _kernels() -> str:
    return "deterministic" if torch.are_deterministic_algorithms_enabled() else "any"


@lru_cache(maxsize=1)
def _versions() -> Mapping[str, str]:
    return {name: _version(name) for name in _PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
