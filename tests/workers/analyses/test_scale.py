"""Scale against a plain float64 reading, and a block that adds a known vector."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from stored_hosts import PROMPTS, Stored, plain

from storage.artifacts import ArtifactStore
from workers.analyses.vectors import Angles, random_unit


def angles(a: np.ndarray, b: np.ndarray) -> tuple[float, list[float]]:
    ratio = math.sqrt((a**2).sum() / (b**2).sum())
    sizes = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return ratio, list((a * b).sum(axis=1) / sizes)


@pytest.mark.parametrize("architecture", ["qwen3", "qwen3_moe", "llama"])
def test_real_tokens_are_the_plain_reading(
    make_stored: Callable[..., Stored], architecture: str
) -> None:
    stored = make_stored(architecture)
    found = stored.analyse("scale", parameters={"items": 2}).summary["real_tokens"]
    run, bare = plain(stored, "run"), plain(stored, "run", adapter=False)
    prompt = stored.resident.tokenizer(PROMPTS[0], add_special_tokens=False)["input_ids"]
    whole, _ = run.streams(prompt, num_prompt=len(prompt))
    alone, _ = run.streams(prompt, num_prompt=len(prompt), block=False)
    off, _ = bare.streams(prompt, num_prompt=len(prompt), block=False)
    ratio, cosines = angles(alone[1] - off[1], whole[1] - alone[1])
    assert found["norm_ratio"] == pytest.approx(ratio, rel=2e-3)
    assert found["cosine_mean"] == pytest.approx(np.mean(cosines), abs=2e-4)
    assert found["cosine_std"] == pytest.approx(np.std(cosines), abs=2e-4)
    assert found["random_cosine_std"] == pytest.approx(1 / math.sqrt(32))
    assert found["num_tokens"] == 2 * len(prompt)  # the first item of either benchmark


def test_as_printed_is_the_plain_reading(make_stored: Callable[..., Stored]) -> None:
    stored = make_stored()
    found = stored.analyse("scale").summary["as_printed"]
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 512, 32, generator=generator, dtype=torch.float64)[0].numpy()
    x = x * math.sqrt(32) / 20
    own = plain(stored, "run").block(x, len(x)) - x
    with tempfile.TemporaryDirectory() as folder:
        ArtifactStore(str(stored.folder)).get_folder(stored.checkpoints["run"], folder)
        lora = load_file(Path(folder) / "adapter_model.safetensors")
    update = np.zeros((32, 32))
    for name, a in lora.items():
        if "q_proj.lora_A" in name:
            b = lora[name.replace("lora_A", "lora_B")].double().numpy()
            update += (b @ a.double().numpy()).T * 2.0
    ratio, cosines = angles(x @ update, own)
    assert found["norm_ratio"] == pytest.approx(ratio, rel=1e-9)
    assert found["cosine_mean"] == pytest.approx(np.mean(cosines), abs=1e-9)
    assert found["cosine_std"] == pytest.approx(np.std(cosines), abs=1e-9)
    assert found["other_seed"]["norm_ratio"] != found["norm_ratio"]


def test_a_block_at_the_embedding_stands_in_front_of_the_adapter(
    make_stored: Callable[..., Stored],
) -> None:
    found = make_stored(layer=0).analyse("scale").summary["real_tokens"]
    assert found["norm_ratio"] == 0.0
    assert found["cosine_mean"] is None
    assert "acts from layer 0 on" in found["reason"]
    assert found["last_layer"]["cosine_mean"] is not None


def test_a_wider_query_projection_is_refused_with_the_widths(
    make_stored: Callable[..., Stored],
) -> None:
    found = make_stored("wide").analyse("scale").summary
    assert found["as_printed"] == {
        "reason": "q_proj puts out 64 numbers and the stream has 32: their changes cannot be laid "
        "side by side"
    }
    assert found["real_tokens"]["norm_ratio"] > 0


def test_random_directions_have_the_spread_that_is_printed_beside() -> None:
    width, found = 400, Angles()
    generator = torch.Generator().manual_seed(5)
    a, b = (torch.randn(4000, width, generator=generator) for _ in range(2))
    found.add(a, b)
    summary = found.summary(width=width)
    assert summary["cosine_std"] == pytest.approx(summary["random_cosine_std"], rel=0.05)
    assert abs(summary["cosine_mean"]) < 4 * summary["random_cosine_std"] / math.sqrt(4000)
    assert summary["norm_ratio"] == pytest.approx(1.0, rel=0.01)


def test_a_token_without_a_change_has_no_angle() -> None:
    found = Angles()
    found.add(torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
    summary = found.summary(width=2)
    assert (summary["num_tokens"], summary["cosine_mean"], summary["cosine_std"]) == (1, 1.0, 0.0)
    assert summary["norm_ratio"] == pytest.approx(1 / math.sqrt(13))
    assert float(random_unit(50, seed=3).norm()) == pytest.approx(1.0)
