"""What a configuration of TALAN costs over the adapter alone, measured on the machine at hand.

Owns: the ratios of training and decoding time, tokens per second, and the peak of GPU memory
(Table 6's other columns). Does not cover: parameter counts (``workers.backbones.sizes``), or what a
whole study takes (``search.cost.cost``).

The adapter alone is measured before and after every configuration, in turn, so that a noisy machine
hits both alike; a ratio is the median over the rounds. Token ids are random: the time of a step
does not depend on what is said.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from talan import Talan, TalanConfig, attach

_GIB = 2**30


@dataclass(frozen=True)
class Load:
    """What is trained and decoded at a time.

    Attributes:
        batch: Sequences in a training step.
        train_tokens: Length of each of them.
        prompts: Decoded at a time.
        prompt_tokens: Length of each prompt.
        new_tokens: Decoded after each prompt.
    """

    batch: int = 4
    train_tokens: int = 256
    prompts: int = 4
    prompt_tokens: int = 64
    new_tokens: int = 32


@dataclass(frozen=True)
class HostCost:
    """One configuration beside the adapter alone.

    Attributes:
        train_ratio: Time of an optimizer step over the adapter's.
        decode_ratio: Time to decode over the adapter's.
        train_tokens_per_s: Of the adapter alone.
        decode_tokens_per_s: Of the adapter alone.
        peak_gib: GPU memory in training, of the adapter alone; None without a GPU.
        talan_peak_gib: And with TALAN.
    """

    train_ratio: float
    decode_ratio: float
    train_tokens_per_s: float
    decode_tokens_per_s: float
    peak_gib: float | None
    talan_peak_gib: float | None


@dataclass(frozen=True)
class _Taken:
    train_s: float
    decode_s: float
    peak_gib: float | None


def measure_costs(
    adapted: Any,
    configurations: Mapping[str, TalanConfig],
    *,
    load: Load | None = None,
    rounds: int = 5,
    checkpointing: bool = False,
) -> dict[str, HostCost]:
    """Measure every configuration in turn, ``rounds`` times.

    Args:
        adapted: A backbone with its adapter (``adapters.attach_adapter``), in place.
        configurations: By the names that the answer has.
        load: How much is trained and decoded at a time.
        rounds: Measurements of each.
        checkpointing: Whether training computes activations again in the backward pass.
    """
    load = load or Load()
    if checkpointing:
        adapted.enable_input_require_grads()
        adapted.base_model.model.gradient_checkpointing_enable({"use_reentrant": False})
    _take(adapted, load, None)  # allocates, compiles, warms up
    plain = [_take(adapted, load, None)]
    with_talan: dict[str, list[_Taken]] = {name: [] for name in configurations}
    ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in configurations}
    for _ in range(rounds):
        for name, config in configurations.items():
            talan = attach(adapted, config)
            taken = _take(adapted, load, talan)
            talan.detach()
            plain.append(_take(adapted, load, None))
            with_talan[name].append(taken)
            ratios[name].append(_ratio(taken, plain[-2:]))
    return {name: _cost(load, plain, with_talan[name], ratios[name]) for name in configurations}


def _take(model: Any, load: Load, talan: Talan | None) -> _Taken:
    on_gpu = model.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    train_s = _train_step_s(model, load, talan)
    peak = torch.cuda.max_memory_allocated() / _GIB if on_gpu else None
    return _Taken(train_s, _decode_s(model, load), peak)


def _train_step_s(model: Any, load: Load, talan: Talan | None) -> float:
    """One optimizer step: forward, backward, clip, scale, AdamW; the second of two is timed."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5)
    ids = _random_ids(model, load.batch, load.train_tokens)
    model.train()
    seconds = 0.0
    for _ in range(2):
        started = _now(model)
        with torch.autocast(model.device.type, torch.bfloat16, enabled=_is_half(model)):
            loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        if talan is not None:
            talan.scale_gradients()
        optimizer.step()
        optimizer.zero_grad()
        seconds = _now(model) - started
    return seconds


def _decode_s(model: Any, load: Load) -> float:
    ids = _random_ids(model, load.prompts, load.prompt_tokens)
    model.eval()
    started = _now(model)
    with torch.inference_mode():
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            min_new_tokens=load.new_tokens,
            max_new_tokens=load.new_tokens,
            pad_token_id=0,
        )
    return _now(model) - started


def _random_ids(model: Any, batch: int, length: int) -> torch.Tensor:
    return torch.randint(0, model.config.vocab_size, (batch, length), device=model.device)


def _is_half(model: Any) -> bool:
    return bool(model.dtype == torch.bfloat16)


def _now(model: Any) -> float:
    if model.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def _ratio(taken: _Taken, around: Sequence[_Taken]) -> tuple[float, float]:
    before, after = around
    return (
        2 * taken.train_s / (before.train_s + after.train_s),
        2 * taken.decode_s / (before.decode_s + after.decode_s),
    )


def _cost(
    load: Load,
    plain: Sequence[_Taken],
    taken: Sequence[_Taken],
    ratios: Sequence[tuple[float, float]],
) -> HostCost:
    median = statistics.median
    return HostCost(
        train_ratio=median(ratio[0] for ratio in ratios),
        decode_ratio=median(ratio[1] for ratio in ratios),
        train_tokens_per_s=load.batch * load.train_tokens / median(t.train_s for t in plain),
        decode_tokens_per_s=load.prompts * load.new_tokens / median(t.decode_s for t in plain),
        peak_gib=_highest(plain),
        talan_peak_gib=_highest(taken),
    )


def _highest(taken: Sequence[_Taken]) -> float | None:
    return max((t.peak_gib for t in taken if t.peak_gib is not None), default=None)
