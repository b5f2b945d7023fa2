"""What TALAN + LoRA costs over LoRA alone: training step, greedy decoding, memory, every mixer.

One resident model, the variants taken in turn in every round (LoRA alone between each two), so that
a noisy machine hits all of them alike; the figures are medians of ratios to the LoRA measurements
right before and after. Targets are the paper's Table 6: 1.04x training, 1.02x inference.

    .venv/bin/python benchmarks/talan_overhead.py [--shape tiny qwen3-0.6b] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from report import report
from transformers import Qwen3Config, Qwen3ForCausalLM

from talan import Talan, TalanConfig, attach
from workers.backbones import load_backbone

MIXERS = ("multihead_local", "cross_attn", "gated_cross_attn", "per_token_mix")


@dataclass(frozen=True)
class Shape:
    """A backbone, and how much to train and decode with it at a time."""

    batch: int
    length: int
    prompt: int
    new_tokens: int


SHAPES = {
    "tiny": Shape(batch=16, length=128, prompt=64, new_tokens=64),
    "qwen3-0.6b": Shape(batch=1, length=128, prompt=64, new_tokens=16),
}


def backbone(name: str) -> Any:
    """The tiny backbone, or random weights at Qwen3-0.6B's shape, with LoRA on q, k, v, o."""
    if name == "tiny":
        model = load_backbone("tiny-qwen3")[0]
        rank = 8
    else:
        config = Qwen3Config(
            vocab_size=151936,
            hidden_size=1024,
            intermediate_size=3072,
            num_hidden_layers=28,
            num_attention_heads=16,
            num_key_value_heads=8,
            head_dim=128,
            tie_word_embeddings=True,
        )
        model = Qwen3ForCausalLM(config)
        rank = 32
    adapter = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, adapter)


def configuration(mixer: str, *, num_layers: int) -> TalanConfig:
    """Layer at a quarter of the depth, two slots, vector gate, all trained."""
    return TalanConfig.from_axes(
        {
            "layer": num_layers // 4,
            "slots": 2,
            "mixer": mixer,
            "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.008},
            "trainability": {"scope": "all"},
            "gradient_scale": 500.0,
        }
    )


def train_step_s(model: Any, shape: Shape, talan: Talan | None) -> float:
    """Seconds of one optimizer step: forward, backward, clip, scale, AdamW."""
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=1e-5)
    ids = torch.randint(0, model.config.vocab_size, (shape.batch, shape.length))
    model.train()
    seconds = 0.0
    for _ in range(2):  # the first step allocates; the second is timed
        started = time.perf_counter()
        model(input_ids=ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(trainable, 1.0)
        if talan:
            talan.scale_gradients()
        optimizer.step()
        optimizer.zero_grad()
        seconds = time.perf_counter() - started
    return seconds


def decode_s(model: Any, shape: Shape) -> float:
    """Seconds to decode greedily with a cache."""
    ids = torch.randint(0, model.config.vocab_size, (shape.batch, shape.prompt))
    model.eval()
    started = time.perf_counter()
    with torch.inference_mode():
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            min_new_tokens=shape.new_tokens,
            max_new_tokens=shape.new_tokens,
            pad_token_id=0,
        )
    return time.perf_counter() - started


def measure(name: str, *, rounds: int) -> list[dict[str, Any]]:
    """All mixers at one shape."""
    shape, model = SHAPES[name], backbone(name)
    num_layers = model.config.num_hidden_layers
    backbone_scalars = sum(p.numel() for n, p in model.named_parameters() if "lora" not in n)
    times: dict[str, list[tuple[float, float]]] = {mixer: [] for mixer in MIXERS}
    sizes: dict[str, int] = {}
    plain = [(train_step_s(model, shape, None), decode_s(model, shape))]  # warm-up
    for _ in range(rounds):
        plain.append((train_step_s(model, shape, None), decode_s(model, shape)))
        for mixer in MIXERS:
            talan = attach(model, configuration(mixer, num_layers=num_layers))
            sizes[mixer] = talan.num_parameters()
            with_talan = (train_step_s(model, shape, talan), decode_s(model, shape))
            talan.detach()
            plain.append((train_step_s(model, shape, None), decode_s(model, shape)))
            before, after = plain[-2:]
            times[mixer].append(
                (
                    2 * with_talan[0] / (before[0] + after[0]),
                    2 * with_talan[1] / (before[1] + after[1]),
                )
            )
    return [
        {
            "shape": name,
            "mixer": mixer,
            "train_ratio": statistics.median(pair[0] for pair in times[mixer]),
            "decode_ratio": statistics.median(pair[1] for pair in times[mixer]),
            "lora_train_s": statistics.median(pair[0] for pair in plain[1:]),
            "lora_decode_s": statistics.median(pair[1] for pair in plain[1:]),
            "talan_params": sizes[mixer],
            "share_of_backbone": sizes[mixer] / backbone_scalars,
            # weights, gradients and AdamW's two moments, all float32
            "memory_mib": 16 * sizes[mixer] / 2**20,
        }
        for mixer in MIXERS
    ]


def main() -> None:
    """Measure the shapes asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    rows = [row for name in options.shape for row in measure(name, rounds=options.rounds)]
    report("talan_overhead", rows=rows, threads=options.threads)


if __name__ == "__main__":
    main()
